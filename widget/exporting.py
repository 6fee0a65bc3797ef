"""A portal's notes for its administrator: those of the chats that this person may read in Bitrix24, no others.

To administer a portal is not to read everybody's private chats; of those the export says that they exist.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q
from django.dispatch import receiver

from portals import signals
from portals.bitrix24.rest import BATCH_LIMIT, RestClient
from portals.models import Portal
from widget.models import Chat, Note


@receiver(signals.exporting)
def export_chats(sender: type[Portal], portal: Portal, client: RestClient, **_: Any) -> dict[str, Any]:
    """Every chat with its number of notes, and the notes of those that ``client``'s user may read."""
    chats = list(Chat.objects.filter(portal=portal).annotate(size=_SIZE).order_by("pk"))
    filled = [chat for chat in chats if chat.size]
    parts = [filled[start : start + BATCH_LIMIT] for start in range(0, len(filled), BATCH_LIMIT)]
    readable = [chat.pk for part in parts for chat in _readable(client, part)]
    notes: dict[int, list[dict[str, Any]]] = {}
    for note in (
        Note.objects.filter(chat__in=readable, deleted_at=None).order_by("pk").values(*_FIELDS).iterator()
    ):
        notes.setdefault(note.pop("chat_id"), []).append(note)
    return {
        "chats": [
            {"chat_id": chat.chat_id, "number_of_notes": chat.size, "notes": notes.get(chat.pk)}
            for chat in chats
        ]
    }


# What its members have deleted is theirs to undo, nobody's to read.
_SIZE = Count("notes", filter=Q(notes__deleted_at=None))
_FIELDS = ("chat_id", "text", "author_id", "author_name", "created_at", "updated_at")


def _readable(client: RestClient, chats: Sequence[Chat]) -> list[Chat]:
    commands = {f"chat_{chat.pk}": ("im.dialog.get", {"DIALOG_ID": f"chat{chat.chat_id}"}) for chat in chats}
    answers = client.batch(commands)
    return [chat for chat in chats if f"chat_{chat.pk}" in answers.results]
