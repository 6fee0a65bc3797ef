"""The notebook of a chat: read, add, edit, tick, pin, delete. Every caller has proved that it may."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from widget import bounds, history, markdown, rendering
from widget.folding import fold
from widget.models import Chat, Note
from widget.sessions import WidgetSession

PAGE_SIZE = 50
CHANGES_SIZE = 100
TEXT_LIMIT = bounds.TEXT
PINNED_LIMIT = 20
KEPT_DELETED = timedelta(days=30)


class ReadOnly(Exception):
    """The viewer may read this chat but takes no part in it."""


class NoSuchNote(Exception):
    """The chat has no such note; of other chats' notes nothing is said."""


class TooManyPinned(Exception):
    """Pinned notes all stand on the first page."""


class StaleNote(Exception):
    """Somebody else has edited the note since; ``current`` is what it says now."""

    def __init__(self, current: Note) -> None:
        super().__init__(f"note {current.pk} is at version {current.version}")
        self.current = current


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: all ``words`` (of text or author), or the one note that is ``#number``."""

    words: tuple[str, ...] = ()
    open_only: bool = False

    def apply(self, notes: QuerySet[Note]) -> QuerySet[Note]:
        if self.open_only:
            notes = notes.filter(open_points__gt=0)
        if self._number is not None and notes.filter(pk=self._number).exists():
            return notes.filter(pk=self._number)
        # Each once, the longest first; an expression reads a text once, LIKE once for each character of the word.
        words = sorted({fold(word) for word in self.words} - {""}, key=len, reverse=True)[: bounds.WORDS]
        return notes.filter(*(Q(folded__regex=re.escape(word)) for word in words))

    @property
    def _number(self) -> int | None:
        if len(self.words) != 1 or not re.fullmatch(r"#[0-9]{1,18}", self.words[0]):
            return None
        return int(self.words[0][1:])


def page(
    chat_id: int, *, before: int | None = None, query: Query | None = None
) -> tuple[Sequence[Note], bool]:
    """Notes of a chat: the pinned, then the newest (older than note ``before``); and whether there are more.

    One query. A page ends early where its notes are very long.
    """
    notes = (query or Query()).apply(_present(chat_id))
    newest = notes.filter(pinned_at=None).order_by("-pk")
    if before is None:
        # Each half by its own index; sorted as one, all notes of the chat would be read.
        pinned = notes.filter(pinned_at__isnull=False).order_by("-pinned_at", "-pk")[:PINNED_LIMIT]
        found = sorted(pinned.union(newest[: PAGE_SIZE + 1], all=True), key=_first_view)
    else:
        found = list(newest.filter(pk__lt=before)[: PAGE_SIZE + 1])
    pinned_first = sum(note.pinned_at is not None for note in found)
    fits = _fitting(found[:PAGE_SIZE], always=pinned_first + 1)
    return fits, len(found) > len(fits)


def _fitting(notes: list[Note], *, always: int) -> list[Note]:
    """As many as an answer takes: those that ``always`` come, the others while there is room."""
    size = 0
    for place, note in enumerate(notes):
        size += len(note.html.encode()) + len(note.text.encode())
        if size > bounds.ANSWER and place >= always:
            return notes[:place]
    return notes


def _first_view(note: Note) -> tuple[float, int]:
    """Pinned first, the latest pinned at the top; then the newest."""
    return -note.pinned_at.timestamp() if note.pinned_at else 0.0, -note.pk


def has(chat_id: int, note_id: int) -> bool:
    """Whether the chat has this note."""
    return _present(chat_id).filter(pk=note_id).exists()


def revision(chat_id: int) -> int:
    """How many changes the chat has seen; 0 of one that was erased a moment ago."""
    return next(iter(Chat.objects.filter(pk=chat_id).values_list("revision", flat=True)), 0)


def changes(chat_id: int, *, since: int) -> tuple[Sequence[Note], bool]:
    """Notes that changed after revision ``since``, oldest change first, and whether there may be more.

    Deleted ones have ``deleted_at``.
    """
    found = list(
        Note.objects.filter(chat=chat_id, changed_in__gt=since).order_by("changed_in")[:CHANGES_SIZE]
    )
    fits = _fitting(found, always=1)
    return fits, len(fits) < len(found) or len(fits) == CHANGES_SIZE


def get(chat_id: int, note_id: int) -> Note:
    """Raises: NoSuchNote."""
    note = _present(chat_id).filter(pk=note_id).first()
    if note is None:
        raise NoSuchNote(note_id)
    return note


def add(session: WidgetSession, text: str, key: UUID | None = None) -> Note:
    """A new note, or the one that the author has made under this ``key`` before, unless it was deleted meanwhile.

    Raises: ReadOnly.
    """
    _require_write(session)
    made = rendering.made(text, session.viewer_name, session.portal)
    with transaction.atomic():
        number = _next_revision(session.chat)
        again = _present(session.chat).filter(author_id=session.viewer, key=key).first() if key else None
        if again is not None:
            return again
        return Note.objects.create(
            chat_id=session.chat,
            key=key,
            text=text,
            **made,
            author_id=session.viewer,
            author_name=session.viewer_name,
            changed_in=number,
        )


def edit(session: WidgetSession, note_id: int, text: str, version: int) -> Note:
    """Replace the text of a note that is still at ``version``, and keep what it said.

    Raises: ReadOnly, NoSuchNote, StaleNote.
    """
    _require_write(session)
    return _rewrite(session, get(session.chat, note_id), text, version)


def tick(session: WidgetSession, note_id: int, box: int, *, checked: bool, version: int) -> Note:
    """Tick box number ``box`` of a note that is still at ``version``, or untick it.

    Raises: ReadOnly, NoSuchNote, StaleNote, NoSuchBox.
    """
    _require_write(session)
    note = get(session.chat, note_id)
    if note.version != version:
        raise StaleNote(note)
    return _rewrite(session, note, markdown.tick(note.text, box, checked=checked), version)


def pin(session: WidgetSession, note_id: int, *, pinned: bool) -> Note:
    """Put a note on top of the notebook, or back to its place.

    Raises: ReadOnly, NoSuchNote, TooManyPinned.
    """
    with _change(session, note_id) as note:
        others = _present(session.chat).filter(pinned_at__isnull=False).exclude(pk=note_id)
        if pinned and others.count() >= PINNED_LIMIT:
            raise TooManyPinned
        note.pinned_at = (note.pinned_at or timezone.now()) if pinned else None
        note.save(update_fields=["pinned_at", "changed_in"])
    return note


def delete(session: WidgetSession, note_id: int) -> None:
    """Raises: ReadOnly, NoSuchNote."""
    with _change(session, note_id) as note:
        note.deleted_at = timezone.now()
        note.save(update_fields=["deleted_at", "changed_in"])


def restore(session: WidgetSession, note_id: int) -> Note:
    """Undo a deletion. Raises: ReadOnly, NoSuchNote."""
    with _change(session, note_id, deleted=True) as note:
        note.deleted_at = None
        note.pinned_at = None
        note.save(update_fields=["deleted_at", "pinned_at", "changed_in"])
    return note


def purge(now: datetime | None = None) -> int:
    """Erase what was deleted long ago; returns how many notes."""
    due = (now or timezone.now()) - KEPT_DELETED
    _, by_model = Note.objects.filter(deleted_at__lt=due).delete()
    return by_model.get("widget.Note", 0)


def _present(chat_id: int) -> QuerySet[Note]:
    return Note.objects.filter(chat=chat_id, deleted_at=None)


@contextmanager
def _change(session: WidgetSession, note_id: int, *, deleted: bool = False) -> Iterator[Note]:
    """One change of a note at a time in a chat: the chat's row is the lock, and counts.

    Raises: ReadOnly, NoSuchNote.
    """
    _require_write(session)
    with transaction.atomic():
        number = _next_revision(session.chat)
        note = Note.objects.filter(pk=note_id, chat=session.chat, deleted_at__isnull=not deleted).first()
        if note is None:
            raise NoSuchNote(note_id)
        note.changed_in = number
        yield note


def _next_revision(chat_id: int) -> int:
    Chat.objects.filter(pk=chat_id).update(revision=F("revision") + 1)
    return Chat.objects.values_list("revision", flat=True).get(pk=chat_id)


def _rewrite(session: WidgetSession, seen: Note, text: str, version: int) -> Note:
    """Raises: NoSuchNote, StaleNote."""
    # Ahead of the chat's lock: rendering a long note takes longer than everything else together.
    made = rendering.made(text, seen.author_name, session.portal)
    with _change(session, seen.pk) as note:
        if note.version != version:
            raise StaleNote(note)
        history.keep(note)
        for field, value in {"text": text, **made}.items():
            setattr(note, field, value)
        note.editor_id, note.editor_name = session.viewer, session.viewer_name
        note.version += 1
        note.updated_at = timezone.now()
        note.save()
    return note


def _require_write(session: WidgetSession) -> None:
    if not session.can_write:
        raise ReadOnly
