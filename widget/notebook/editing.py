"""Changes of a note's text: edits and ticks, merged with what others have made of it meanwhile."""

import hashlib
from collections.abc import Callable
from uuid import UUID

from django.core.cache import caches

from widget.access.sessions import WidgetSession
from widget.models import Note
from widget.notebook import bounds, checklists, history, markdown, merging, notes, rendering
from widget.notebook.merging import Clashing
from widget.notebook.notes import StaleNote

# How often a text is made anew because somebody else was faster.
ROUNDS = 5
# Seconds: an edit that made no version, or whose version is no longer kept, is known again for so long.
_REMEMBERED = 7 * 24 * 3600
_WRITTEN = ("text", "editor_id", "editor_name", "version", "by_tick", "request", "updated_at")


class Overtaken(Exception):
    """Others have changed the note each time that the change was ready."""


def edit(
    session: WidgetSession,
    note_id: int,
    text: str,
    version: int,
    *,
    base: str | None = None,
    key: UUID | None = None,
) -> Note:
    """Make of a note what its writer made of ``version``, together with what others have changed since.

    ``base``: what the writer had in front of them, where that is no version: what was sent and merged into one.
    The same text under the same ``key`` again is the same edit. What the note said is kept; an edit that changes
    nothing makes no version.
    Raises: ReadOnly, NoSuchNote, Overtaken, StaleNote if the changes exclude each other.
    """
    notes.require_write(session)
    request = _request(session, key, text)

    def edited(seen: Note) -> str:
        if seen.version == version and base is None:
            return text
        if request and (history.was_made_by(seen, request) or caches["redis"].get(_made(note_id, request))):
            return seen.text
        return _merged(seen, version, text, base)

    note = _rewrite(session, note_id, edited, request=request)
    if request:
        caches["redis"].set(_made(note_id, request), 1, timeout=_REMEMBERED)
    return note


def version_before(session: WidgetSession, note: Note, text: str, key: UUID | None) -> int | None:
    """The version to go back to for who takes the edit ``text`` back; None if it is not the latest of the note."""
    made = key is not None and note.request == _request(session, key, text)
    return note.version - 1 if made else None


def _request(session: WidgetSession, key: UUID | None, text: str) -> str:
    return hashlib.sha256(f"{session.viewer} {key} {text}".encode()).hexdigest() if key else ""


def _made(note_id: int, request: str) -> str:
    return f"edit:{note_id}:{request}"


def tick(session: WidgetSession, note_id: int, box: int, *, checked: bool, version: int) -> Note:
    """Tick box number ``box`` that a note had at ``version``, or untick it, whatever became of its words since.

    Raises: ReadOnly, NoSuchNote, Overtaken, StaleNote if that box is no longer there, NoSuchBox.
    """
    notes.require_write(session)

    def ticked(note: Note) -> str:
        seen = history.text_of(note, version)
        if seen is None:
            raise StaleNote(note)
        place = markdown.box(seen, box)
        if note.version == version:
            return checklists.tick(seen, place, checked=checked)
        # Who wants what was there already has not seen what became of it.
        text = (
            merging.tick(seen, note.text, place.line, checked=checked) if place.checked != checked else None
        )
        if text is None:
            raise StaleNote(note)
        return text

    return _rewrite(session, note_id, ticked, by_tick=True)


def _merged(note: Note, version: int, text: str, base: str | None = None) -> str:
    """``text``, made of ``base`` or of ``version``, with what others have changed since. Raises: StaleNote."""
    if base is None:
        base = history.text_of(note, version)
    if base is None:
        raise StaleNote(note)
    try:
        merged = merging.merge(base, text, note.text)
    except Clashing as clashing:
        raise StaleNote(note, base, clashing.clashes, clashing.merged) from None
    if len(merged) > bounds.TEXT or not merged.strip():
        raise StaleNote(note, base, [merging.whole_clash(base, text, note.text, merged)], merged)
    return merged


def _rewrite(
    session: WidgetSession,
    note_id: int,
    make: Callable[[Note], str],
    *,
    by_tick: bool = False,
    request: str = "",
) -> Note:
    """Give a note the text that ``make`` makes of it. Raises: NoSuchNote, Overtaken, and what ``make`` raises."""
    for _ in range(ROUNDS):
        seen = notes.get(session.chat, note_id)
        text = make(seen)
        if text == seen.text:
            return seen
        # Ahead of the chat's lock: merging and rendering a long note take longer than everything else together.
        made = rendering.made(text, seen.author_name, session.portal)
        with notes.change(session, note_id) as note:
            # Otherwise somebody was faster: once more, of what they wrote.
            if note.version == seen.version:
                history.keep(note, text, session.viewer, by_tick=by_tick)
                for field, value in {"text": text, **made}.items():
                    setattr(note, field, value)
                note.editor_id, note.editor_name = session.viewer, session.viewer_name
                note.version, note.by_tick, note.request = note.version + 1, by_tick, request
                notes.save(note, *_WRITTEN, *made)
                return note
    raise Overtaken
