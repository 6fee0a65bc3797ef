"""A portal's notes, for its administrator or for an operator.

To administer a portal is not to read everybody's private chats: an administrator gets the notes of the chats that
this person may read in Bitrix24, and of the others that they exist. An operator answers for all that we hold.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.dispatch import receiver

from portals import signals
from portals.bitrix24.rest import BATCH_LIMIT, RestClient
from portals.models import Portal
from widget.models import Chat, Note

# What its members have deleted is theirs to undo, nobody's to read.
_SIZE = Count("notes", filter=Q(notes__deleted_at=None))
_FIELDS = ("chat_id", "text", "author_id", "author_name", "created_at", "updated_at")
_REVISION = ("version", "text", "editor_id", "editor_name", "written_at")
_CHATS = 50


@receiver(signals.exporting)
def export_chats(sender: type[Portal], portal: Portal, client: RestClient | None, **_: Any) -> dict[str, Any]:
    """Every chat with its number of notes, and the notes of those that ``client``'s user may read; None: of all."""
    return {"chats": _everything(portal) if client is None else _for_reader(portal, client)}


def _everything(portal: Portal) -> Iterator[dict[str, Any]]:
    kept = Note.objects.filter(deleted_at=None).order_by("pk").prefetch_related("revisions")
    chats = Chat.objects.filter(portal=portal).prefetch_related(Prefetch("notes", kept)).order_by("pk")
    for chat in chats.iterator(chunk_size=_CHATS):
        notes = [_with_history(note) for note in chat.notes.all()]
        yield {"chat_id": chat.chat_id, "number_of_notes": len(notes), "notes": notes}


def _with_history(note: Note) -> dict[str, Any]:
    said = {name: getattr(note, name) for name in _FIELDS if name != "chat_id"}
    revisions = [{name: getattr(earlier, name) for name in _REVISION} for earlier in note.revisions.all()]
    return {**said, "revisions": revisions}


def _for_reader(portal: Portal, client: RestClient) -> list[dict[str, Any]]:
    chats = list(Chat.objects.filter(portal=portal).annotate(size=_SIZE).order_by("pk"))
    filled = [chat for chat in chats if chat.size]
    parts = [filled[start : start + BATCH_LIMIT] for start in range(0, len(filled), BATCH_LIMIT)]
    readable = [chat.pk for part in parts for chat in _readable(client, part)]
    notes: dict[int, list[dict[str, Any]]] = {}
    for note in (
        Note.objects.filter(chat__in=readable, deleted_at=None).order_by("pk").values(*_FIELDS).iterator()
    ):
        notes.setdefault(note.pop("chat_id"), []).append(note)
    return [
        {"chat_id": chat.chat_id, "number_of_notes": chat.size, "notes": notes.get(chat.pk)} for chat in chats
    ]


def _readable(client: RestClient, chats: Sequence[Chat]) -> list[Chat]:
    commands = {f"chat_{chat.pk}": ("im.dialog.get", {"DIALOG_ID": f"chat{chat.chat_id}"}) for chat in chats}
    answers = client.batch(commands)
    return [chat for chat in chats if f"chat_{chat.pk}" in answers.results]
