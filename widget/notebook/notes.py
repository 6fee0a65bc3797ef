"""The notebook of a chat: read, add, pin. Every caller has proved that it may."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from widget.access.sessions import WidgetSession
from widget.models import Chat, Note
from widget.notebook import bounds, rendering
from widget.notebook.folding import fold
from widget.notebook.merging import Clash

PAGE_SIZE = 50
CHANGES_SIZE = 100
TEXT_LIMIT = bounds.TEXT
PINNED_LIMIT = 20


class ReadOnly(Exception):
    """The viewer may read this chat but takes no part in it."""


class NoSuchNote(Exception):
    """The chat has no such note; of other chats' notes nothing is said."""


class TooManyPinned(Exception):
    """Pinned notes all stand on the first page."""


class KeyReused(Exception):
    """The key belongs to ``made``, of another text: whoever sent it must be told, or this one would be lost."""

    def __init__(self, made: Note) -> None:
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
    notes = (query or Query()).apply(present(chat_id)).defer("folded")
    newest = notes.filter(pinned_at=None).order_by("-pk")
    if before is None:
        # Each half by its own index; sorted as one, all notes of the chat would be read.
        pinned = notes.filter(pinned_at__isnull=False).order_by("-pinned_at", "-pk")[:PINNED_LIMIT]
        found = sorted(pinned.union(newest[: PAGE_SIZE + 1], all=True), key=_first_view)
    else:
        found = list(newest.filter(pk__lt=before)[: PAGE_SIZE + 1])
    pinned_first = sum(note.pinned_at is not None for note in found)
    fits = bounds.fitting(found[:PAGE_SIZE], always=pinned_first + 1)
    return fits, len(found) > len(fits)


def _first_view(note: Note) -> tuple[float, int]:
    """Pinned first, the latest pinned at the top; then the newest."""
    return -note.pinned_at.timestamp() if note.pinned_at else 0.0, -note.pk


def has(chat_id: int, note_id: int) -> bool:
    """Whether the chat has this note."""
    return present(chat_id).filter(pk=note_id).exists()


def revision(chat_id: int) -> int:
    """How many changes the chat has seen; 0 of one that was erased a moment ago."""
    return Chat.objects.revision_of(chat_id)


def changes(chat_id: int, *, since: int) -> tuple[Sequence[Note], bool]:
    """Notes that changed after revision ``since``, oldest change first, and whether there may be more.

    Deleted ones have ``deleted_at``.
    """
    changed = Note.objects.filter(chat=chat_id, changed_in__gt=since).order_by("changed_in")
    found = list(changed.defer("folded")[:CHANGES_SIZE])
    fits = bounds.fitting(found, always=1)
    return fits, len(fits) < len(found) or len(fits) == CHANGES_SIZE


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
    made = rendering.made(text, session.viewer_name, session.portal)
    digest = hashlib.sha256(text.encode()).hexdigest() if key else ""
    with transaction.atomic():
        number = _locked(session.chat) + 1
        again = present(session.chat).filter(author_id=session.viewer, key=key).first() if key else None
        if again is not None:
            if again.key_digest != digest:
                raise KeyReused(again)
            return again
        Chat.objects.filter(pk=session.chat).update(revision=number)
        return Note.objects.create(
            chat_id=session.chat,
            key=key,
            key_digest=digest,
            text=text,
            **made,
            author_id=session.viewer,
            author_name=session.viewer_name,
            changed_in=number,
        )


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
