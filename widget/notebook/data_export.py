"""A portal's notes, for its administrator or for an operator.

To administer a portal is not to read everybody's private chats: an administrator gets the notes of the chats that
this person may read in Bitrix24, and of the others that they exist. An operator answers for all that we hold.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.dispatch import receiver

from portals.bitrix24.errors import AccessDenied, AnswerTooLarge
from portals.bitrix24.rest import BATCH_LIMIT, BatchResult, RestClient
from portals.models import Portal, signals
from widget.access.portal import LARGEST_ANSWER
from widget.models import Chat, Note, NoteTemplate

# What its members have deleted is theirs to undo, nobody's to read.
_SIZE = Count("notes", filter=Q(notes__deleted_at=None))
_FIELDS = ("chat_id", "text", "author_id", "author_name", "created_at", "updated_at")
_REVISION = ("version", "text", "editor_id", "editor_name", "written_at")
_TEMPLATE = ("title", "text", "author_id", "author_name", "created_at")
_CHATS = 50
# What a part of an administrator's export has at most: chats, and about how many notes.
_PART = 1_000
_NOTES = 2_000
# Bytes: what a chat tells grows with its readers, so many at once may tell too much.
_LARGE_ANSWER = 2 * 1024 * 1024


@receiver(signals.exporting)
def export_chats(
    sender: type[Portal], portal: Portal, client: RestClient | None, after: int = 0, **_: Any
) -> dict[str, Any]:
    """Every chat with its number of notes, and the notes of those that ``client``'s user may read; None: of all."""
    return {"chats": _everything(portal)} if client is None else _part(portal, client, after)


def _everything(portal: Portal) -> Iterator[dict[str, Any]]:
    kept = Note.objects.filter(deleted_at=None).order_by("pk").prefetch_related("revisions")
    chats = Chat.objects.filter(portal=portal).prefetch_related(Prefetch("notes", kept), "templates")
    for chat in chats.order_by("pk").iterator(chunk_size=_CHATS):
        notes = [_with_history(note) for note in chat.notes.all()]
        yield {
            "chat_id": chat.chat_id,
            "number_of_notes": len(notes),
            "notes": notes,
            "templates": _templates(chat),
        }


def _templates(chat: Chat) -> list[dict[str, Any]]:
    return [{name: getattr(template, name) for name in _TEMPLATE} for template in chat.templates.all()]


def _with_history(note: Note) -> dict[str, Any]:
    said = {name: getattr(note, name) for name in _FIELDS if name != "chat_id"}
    revisions = [{name: getattr(earlier, name) for name in _REVISION} for earlier in note.revisions.all()]
    return {**said, "revisions": revisions}


def _part(portal: Portal, client: RestClient, after: int) -> dict[str, Any]:
    """The chats that follow the one with primary key ``after``: one request to the portal where chats are small.

    Raises: Bitrix24Error.
    """
    has_templates = Exists(NoteTemplate.objects.filter(chat=OuterRef("pk")))
    chats_after = Chat.objects.filter(portal=portal, pk__gt=after).prefetch_related("templates")
    following = chats_after.annotate(size=_SIZE, has_templates=has_templates).order_by("pk")
    chats, has_more, readable = _asked(client, list(following[:_PART]))
    notes: dict[int, list[dict[str, Any]]] = {chat.pk: [] for chat in readable}
    kept = Note.objects.filter(chat__in=notes, deleted_at=None).order_by("pk")
    for note in kept.values(*_FIELDS).iterator():
        notes[note.pop("chat_id")].append(note)
    return {
        "chats": [
            {
                "chat_id": chat.chat_id,
                "number_of_notes": chat.size,
                "notes": notes.get(chat.pk),
                "templates": _templates(chat) if chat.pk in notes else None,
            }
            for chat in chats
        ],
        "next": chats[-1].pk if has_more else None,
    }


def _asked(
    client: RestClient, found: Sequence[Any], most: int = BATCH_LIMIT
) -> tuple[Sequence[Any], bool, Sequence[Chat]]:
    """The first of some chats, whether there may be more, and which of them may be read.

    Where the portal has more to tell of them than we read, the part ends after half of them. Raises: Bitrix24Error.
    """
    chats, has_more = _few(found, most)
    filled = [chat for chat in chats if chat.size or chat.has_templates]
    try:
        return chats, has_more, _readable(client, filled)
    except AnswerTooLarge:
        if len(filled) == 1:
            raise
        return _asked(client, found, len(filled) // 2)


def _few(found: Sequence[Any], most: int) -> tuple[Sequence[Any], bool]:
    """The first of some chats, ``most`` of them with notes, and whether there may be more."""
    filled = notes = 0
    for number, chat in enumerate(found):
        if filled == most or notes >= _NOTES:
            return found[:number], True
        filled += bool(chat.size or chat.has_templates)
        notes += chat.size
    return found, len(found) == _PART


def _readable(client: RestClient, filled: Sequence[Chat]) -> Sequence[Chat]:
    """Those that the portal says its user may read. Raises: Bitrix24Error if it does not say so of one."""
    if not filled:
        return []
    commands = {f"chat_{chat.pk}": ("im.dialog.get", {"DIALOG_ID": f"chat{chat.chat_id}"}) for chat in filled}
    answers = client.batch(commands, max_bytes=LARGEST_ANSWER if len(filled) == 1 else _LARGE_ANSWER)
    return [chat for chat in filled if _may_read(answers, f"chat_{chat.pk}")]


def _may_read(answers: BatchResult, command: str) -> bool:
    try:
        answers[command]
    except AccessDenied:
        return False
    return True
