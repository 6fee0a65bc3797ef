"""When a portal's data is erased, everything its people wrote goes in the same transaction."""

from typing import Any

from django.dispatch import receiver

from portals import signals
from portals.models import Portal
from widget.models import Chat


@receiver(signals.erased)
def erase_chats(sender: type[Portal], portal: Portal, **_: Any) -> None:
    """Chats, and with them notes and whatever hangs on them."""
    Chat.objects.filter(portal=portal).delete()
