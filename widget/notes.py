"""The notebook of a chat: read, add, edit, tick, pin. Every caller has proved that it may."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from widget import history, markdown, merging
from widget.markdown import RENDERER, Rendered, render
from widget.merging import Clash, Clashing
from widget.models import Chat, Note
from widget.sessions import WidgetSession

PAGE_SIZE = 50
CHANGES_SIZE = 100
TEXT_LIMIT = 20_000
PINNED_LIMIT = 20
_REWRITTEN = (
    "text",
    "html",
    "renderer",
    "open_points",
    "editor_id",
    "editor_name",
    "version",
    "by_tick",
    "updated_at",
)


class ReadOnly(Exception):
    """The viewer may read this chat but takes no part in it."""


class NoSuchNote(Exception):
    """The chat has no such note; of other chats' notes nothing is said."""


class TooManyPinned(Exception):
    """Pinned notes all stand on the first page."""


class KeyReused(Exception):
    """The key belongs to ``made``, of another text: whoever sent it must be told, or this one would be lost."""

    def __init__(self, made: Note) -> None:
        super().__init__(f"note {made.pk} was made with this key")
        self.made = made


class StaleNote(Exception):
    """The note says something else by now: ``current``.

    For an edit: ``base`` is what its writer started from (None if that is not kept), ``clashes`` what excludes
    each other, ``merged`` the rest of both brought together, with what the writer made of what clashes.
    """

    def __init__(
        self, current: Note, base: str | None = None, clashes: Sequence[Clash] = (), merged: str | None = None
    ) -> None:
        super().__init__(f"note {current.pk} is at version {current.version}")
        self.current = current
        self.base = base
        self.clashes = clashes
        self.merged = merged


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: all ``words`` (of text or author), or one note by ``#number``."""

    words: tuple[str, ...] = ()
    open_only: bool = False

    def apply(self, notes: QuerySet[Note]) -> QuerySet[Note]:
        for word in self.words:
            number = word[1:] if word.startswith("#") and word[1:].isdecimal() and len(word) < 19 else None  # noqa: PLR2004
            match = Q(text__icontains=word) | Q(author_name__icontains=word)
            notes = notes.filter(match | Q(pk=int(number)) if number else match)
        return notes.filter(open_points__gt=0) if self.open_only else notes


def page(
    chat_id: int, *, before: int | None = None, query: Query | None = None
) -> tuple[Sequence[Note], bool]:
    """Notes of a chat: the pinned, then the newest (older than note ``before``); and whether there are more.

    One query; notes stored under older rules of rendering cost one more, once.
    """
    notes = (query or Query()).apply(present(chat_id))
    newest = notes.filter(pinned_at=None).order_by("-pk")
    if before is None:
        # Each half by its own index; sorted as one, all notes of the chat would be read.
        pinned = notes.filter(pinned_at__isnull=False).order_by("-pinned_at", "-pk")[:PINNED_LIMIT]
        found = sorted(pinned.union(newest[: PAGE_SIZE + 1], all=True), key=_first_view)
    else:
        found = list(newest.filter(pk__lt=before)[: PAGE_SIZE + 1])
    return _rendered(found[:PAGE_SIZE]), len(found) > PAGE_SIZE


def _first_view(note: Note) -> tuple[float, int]:
    """Pinned first, the latest pinned at the top; then the newest."""
    return -note.pinned_at.timestamp() if note.pinned_at else 0.0, -note.pk


def has(chat_id: int, note_id: int) -> bool:
    """Whether the chat has this note."""
    return present(chat_id).filter(pk=note_id).exists()


def revision(chat_id: int) -> int:
    """How many changes the chat has seen; 0 of one that was erased a moment ago."""
    return next(iter(Chat.objects.filter(pk=chat_id).values_list("revision", flat=True)), 0)


def changes(chat_id: int, *, since: int) -> Sequence[Note]:
    """Notes that changed after revision ``since``, oldest change first; deleted ones have ``deleted_at``."""
    found = Note.objects.filter(chat=chat_id, changed_in__gt=since).order_by("changed_in")
    return _rendered(list(found[:CHANGES_SIZE]))


def get(chat_id: int, note_id: int) -> Note:
    """Raises: NoSuchNote."""
    note = present(chat_id).filter(pk=note_id).first()
    if note is None:
        raise NoSuchNote(note_id)
    return note


def add(session: WidgetSession, text: str, key: UUID | None = None) -> Note:
    """A new note, or the one that the author has made under this ``key`` before, unless it was deleted meanwhile.

    Raises: ReadOnly, KeyReused if that was made of another text.
    """
    require_write(session)
    rendered = render(text)
    digest = hashlib.sha256(text.encode()).hexdigest() if key else ""
    with transaction.atomic():
        number = _locked(session.chat) + 1
        made = present(session.chat).filter(author_id=session.viewer, key=key).first() if key else None
        if made is not None and made.key_digest != digest:
            raise KeyReused(made)
        if made is not None:
            return made
        Chat.objects.filter(pk=session.chat).update(revision=number)
        return Note.objects.create(
            chat_id=session.chat,
            key=key,
            key_digest=digest,
            text=text,
            html=rendered.html,
            renderer=RENDERER,
            open_points=rendered.open_points,
            author_id=session.viewer,
            author_name=session.viewer_name,
            changed_in=number,
        )


def edit(session: WidgetSession, note_id: int, text: str, version: int) -> Note:
    """Make of a note what its writer made of ``version``, together with what others have changed since.

    What it said is kept; an edit that changes nothing makes no version.
    Raises: ReadOnly, NoSuchNote, StaleNote if the changes exclude each other.
    """
    require_write(session)
    rendered = render(text)  # before others have to wait
    with change(session, note_id) as note:
        merged = text if note.version == version else _merged(note, version, text)
        _rewrite(session, note, merged, rendered if merged == text else render(merged))
    return note


def tick(session: WidgetSession, note_id: int, box: int, *, checked: bool, version: int) -> Note:
    """Tick box number ``box`` that a note had at ``version``, or untick it, whatever became of other lines since.

    Raises: ReadOnly, NoSuchNote, StaleNote if they changed that line, NoSuchBox.
    """
    require_write(session)
    with change(session, note_id) as note:
        seen = history.text_of(note, version)
        if seen is None:
            raise StaleNote(note)
        text = markdown.tick(seen, box, checked=checked)
        if note.version != version:
            # Who wants what was there already has not seen what became of it.
            if text == seen:
                raise StaleNote(note)
            text = _merged(note, version, text)
        _rewrite(session, note, text, render(text), by_tick=True)
    return note


def pin(session: WidgetSession, note_id: int, *, pinned: bool) -> Note:
    """Put a note on top of the notebook, or back to its place.

    Raises: ReadOnly, NoSuchNote, TooManyPinned.
    """
    with change(session, note_id) as note:
        others = present(session.chat).filter(pinned_at__isnull=False).exclude(pk=note_id)
        if pinned and others.count() >= PINNED_LIMIT:
            raise TooManyPinned
        if pinned != bool(note.pinned_at):
            note.pinned_at = timezone.now() if pinned else None
            save(note, "pinned_at")
    return note


def present(chat_id: int) -> QuerySet[Note]:
    """Notes of a chat that nobody has deleted."""
    return Note.objects.filter(chat=chat_id, deleted_at=None)


@contextmanager
def change(session: WidgetSession, note_id: int, *, deleted: bool = False) -> Iterator[Note]:
    """One change of a note at a time in a chat: the chat's row is the lock. `save` makes the change count.

    Raises: ReadOnly, NoSuchNote; with ``deleted`` it is a note of the bin as well.
    """
    require_write(session)
    with transaction.atomic():
        revision = _locked(session.chat)
        note = Note.objects.filter(pk=note_id, chat=session.chat).first()
        if note is None or (note.deleted_at and not deleted):
            raise NoSuchNote(note_id)
        note.changed_in = revision + 1
        yield note


def save(note: Note, *fields: str) -> None:
    """Store ``fields`` of a note inside its `change`: the next change of the chat, which open pages hear of."""
    Chat.objects.filter(pk=note.chat_id).update(revision=note.changed_in)
    note.save(update_fields=[*fields, "changed_in"])


def require_write(session: WidgetSession) -> None:
    """Raises: ReadOnly."""
    if not session.can_write:
        raise ReadOnly


def _locked(chat_id: int) -> int:
    """The chat's revision; nobody else changes the chat before this transaction ends."""
    return Chat.objects.select_for_update(no_key=True).values_list("revision", flat=True).get(pk=chat_id)


def _merged(note: Note, version: int, text: str) -> str:
    """``text``, which was made of ``version``, with what others have changed since. Raises: StaleNote."""
    base = history.text_of(note, version)
    if base is None:
        raise StaleNote(note)
    try:
        merged = merging.merge(base, text, note.text)
    except Clashing as clashing:
        raise StaleNote(note, base, clashing.clashes, clashing.merged) from None
    if len(merged) > TEXT_LIMIT or not merged.strip():
        raise StaleNote(note, base, [Clash(base, text, note.text)], merged)
    return merged


def _rewrite(
    session: WidgetSession, note: Note, text: str, rendered: Rendered, *, by_tick: bool = False
) -> None:
    if text == note.text:
        return
    history.keep(note)
    note.text, note.html, note.renderer = text, rendered.html, RENDERER
    note.open_points = rendered.open_points
    note.editor_id, note.editor_name = session.viewer, session.viewer_name
    note.version += 1
    note.by_tick = by_tick
    note.updated_at = timezone.now()
    save(note, *_REWRITTEN)


def _rendered(notes: list[Note]) -> list[Note]:
    """Notes whose HTML follows today's rules."""
    outdated = [note for note in notes if note.renderer < RENDERER]
    for note in outdated:
        rendered = render(note.text)
        note.html, note.open_points, note.renderer = rendered.html, rendered.open_points, RENDERER
    if outdated:
        Note.objects.bulk_update(outdated, ["html", "open_points", "renderer"])
    return notes
