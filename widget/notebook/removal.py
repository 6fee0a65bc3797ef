"""The bin of a chat: what was deleted can be brought back for 30 days."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from portals.models import erasing
from widget.access.sessions import WidgetSession
from widget.models import Note
from widget.notebook import bounds, notes
from widget.notebook.notes import NoSuchNote, StaleNote

KEPT = timedelta(days=30)


def delete(session: WidgetSession, note_id: int, version: int) -> None:
    """Put a note into the bin, if it still says what it said at ``version``.

    Raises: ReadOnly, NoSuchNote, StaleNote.
    """
    with notes.change(session, note_id) as note:
        if note.version != version:
            raise StaleNote(note)
        note.deleted_at = timezone.now()
        note.deleter_id, note.deleter_name = session.viewer, session.viewer_name
        notes.save(note, "deleted_at", "deleter_id", "deleter_name")


def page(session: WidgetSession, before: int | None = None) -> tuple[Sequence[Note], bool]:
    """What lies in the bin, the latest deleted first, and whether there is more.

    ``before``: only what was deleted before the chat's change of this number (`Note.changed_in`). Raises: ReadOnly.
    """
    notes.require_write(session)
    kept = _kept().filter(chat=session.chat).order_by("-changed_in").defer("folded")
    if before is not None:
        kept = kept.filter(changed_in__lt=before)
    found = list(kept[: notes.PAGE_SIZE + 1])
    fits = bounds.fitting(found[: notes.PAGE_SIZE], always=1)
    return fits, len(found) > len(fits)


def restore(session: WidgetSession, note_id: int) -> Note:
    """Take a note out of the bin; one that is back already stays as it is. Raises: ReadOnly, NoSuchNote."""
    with notes.change(session, note_id, deleted=True) as note:
        if note.deleted_at is None:
            return note
        if note.deleted_at < timezone.now() - KEPT:
            raise NoSuchNote(note_id)
        note.deleted_at = note.pinned_at = note.deleter_id = None
        note.deleter_name = ""
        notes.save(note, "deleted_at", "pinned_at", "deleter_id", "deleter_name")
    return note


def purge(now: datetime | None = None) -> int:
    """Erase what was deleted long ago, a portion at a time; returns how many notes."""
    due = Note.objects.filter(deleted_at__lt=(now or timezone.now()) - KEPT)
    erased = 0
    while portion := erasing.delete_some(due):
        erased += portion
    return erased


def _kept() -> QuerySet[Note]:
    return Note.objects.filter(deleted_at__gte=timezone.now() - KEPT)
