"""The notebook of a chat: read, add, edit, tick, pin, delete. Every caller has proved that it may."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from widget import history, markdown
from widget.markdown import RENDERER, render
from widget.models import Chat, Note
from widget.sessions import WidgetSession

PAGE_SIZE = 50
CHANGES_SIZE = 100
TEXT_LIMIT = 20_000
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
    notes = (query or Query()).apply(_present(chat_id))
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
    return _present(chat_id).filter(pk=note_id).exists()


def revision(chat_id: int) -> int:
    """How many changes the chat has seen; 0 of one that was erased a moment ago."""
    return next(iter(Chat.objects.filter(pk=chat_id).values_list("revision", flat=True)), 0)


def changes(chat_id: int, *, since: int) -> Sequence[Note]:
    """Notes that changed after revision ``since``, oldest change first; deleted ones have ``deleted_at``."""
    found = Note.objects.filter(chat=chat_id, changed_in__gt=since).order_by("changed_in")
    return _rendered(list(found[:CHANGES_SIZE]))


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
    rendered = render(text)
    with transaction.atomic():
        number = _next_revision(session.chat)
        made = _present(session.chat).filter(author_id=session.viewer, key=key).first() if key else None
        if made is not None:
            return made
        return Note.objects.create(
            chat_id=session.chat,
            key=key,
            text=text,
            html=rendered.html,
            renderer=RENDERER,
            open_points=rendered.open_points,
            author_id=session.viewer,
            author_name=session.viewer_name,
            changed_in=number,
        )


def edit(session: WidgetSession, note_id: int, text: str, version: int) -> Note:
    """Replace the text of a note that is still at ``version``, and keep what it said.

    Raises: ReadOnly, NoSuchNote, StaleNote.
    """
    with _change(session, note_id) as note:
        if note.version != version:
            raise StaleNote(note)
        _rewrite(session, note, text)
    return note


def tick(session: WidgetSession, note_id: int, box: int, *, checked: bool, version: int) -> Note:
    """Tick box number ``box`` of a note that is still at ``version``, or untick it.

    Raises: ReadOnly, NoSuchNote, StaleNote, NoSuchBox.
    """
    with _change(session, note_id) as note:
        if note.version != version:
            raise StaleNote(note)
        _rewrite(session, note, markdown.tick(note.text, box, checked=checked))
    return note


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


def _rewrite(session: WidgetSession, note: Note, text: str) -> None:
    history.keep(note)
    rendered = render(text)
    note.text, note.html, note.renderer = text, rendered.html, RENDERER
    note.open_points = rendered.open_points
    note.editor_id, note.editor_name = session.viewer, session.viewer_name
    note.version += 1
    note.updated_at = timezone.now()
    note.save()


def _rendered(notes: list[Note]) -> list[Note]:
    """Notes whose HTML follows today's rules."""
    outdated = [note for note in notes if note.renderer < RENDERER]
    for note in outdated:
        rendered = render(note.text)
        note.html, note.open_points, note.renderer = rendered.html, rendered.open_points, RENDERER
    if outdated:
        Note.objects.bulk_update(outdated, ["html", "open_points", "renderer"])
    return notes


def _require_write(session: WidgetSession) -> None:
    if not session.can_write:
        raise ReadOnly
