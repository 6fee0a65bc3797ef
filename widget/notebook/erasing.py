"""When a portal's data is erased, everything its people wrote goes."""

from typing import Any

from django.dispatch import receiver

from portals.models import Portal, erasing, signals
from widget.models import Chat, Note


@receiver(signals.erased)
def erase_some(sender: type[Portal], portal: Portal, **_: Any) -> int:
    """A portion of the notes with whatever hangs on them; without notes of the chats."""
    notes = erasing.delete_some(Note.objects.filter(chat__portal=portal))
    return notes or erasing.delete_some(Chat.objects.filter(portal=portal))
