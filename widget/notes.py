"""The notebook of a chat: read, add, edit, delete. Every caller has proved that it may."""

from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone

from widget.markdown import render
from widget.models import Note
from widget.sessions import WidgetSession

PAGE_SIZE = 50
TEXT_LIMIT = 20_000


class ReadOnly(Exception):
    """The viewer may read this chat but takes no part in it."""


class NoSuchNote(Exception):
    """The chat has no such note; of other chats' notes nothing is said."""


class StaleNote(Exception):
    """Somebody else has edited the note since; ``current`` is what it says now."""

    def __init__(self, current: Note) -> None:
        super().__init__(f"note {current.pk} is at version {current.version}")
        self.current = current


def page(chat_id: int, *, before: int | None = None) -> tuple[Sequence[Note], bool]:
    """The newest notes of a chat (older than note ``before``), and whether there are more. One query."""
    notes = Note.objects.filter(chat=chat_id)
    if before is not None:
        notes = notes.filter(pk__lt=before)
    found = list(notes[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


def add(session: WidgetSession, text: str) -> Note:
    """Raises: ReadOnly."""
    _require_write(session)
    return Note.objects.create(
        chat_id=session.chat,
        text=text,
        html=render(text),
        author_id=session.viewer,
        author_name=session.viewer_name,
    )


def edit(session: WidgetSession, note_id: int, text: str, version: int) -> Note:
    """Replace the text of a note that is still at ``version``: one conditional UPDATE, so no edit is lost.

    Raises: ReadOnly, NoSuchNote, StaleNote.
    """
    _require_write(session)
    changed = Note.objects.filter(pk=note_id, chat=session.chat, version=version).update(
        text=text, html=render(text), version=F("version") + 1, updated_at=timezone.now()
    )
    note = Note.objects.filter(pk=note_id, chat=session.chat).first()
    if note is None:
        raise NoSuchNote(note_id)
    if not changed:
        raise StaleNote(note)
    return note


def delete(session: WidgetSession, note_id: int) -> None:
    """Raises: ReadOnly, NoSuchNote."""
    _require_write(session)
    deleted, _ = Note.objects.filter(pk=note_id, chat=session.chat).delete()
    if not deleted:
        raise NoSuchNote(note_id)


def _require_write(session: WidgetSession) -> None:
    if not session.can_write:
        raise ReadOnly
