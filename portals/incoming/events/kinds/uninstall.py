"""``ONAPPUNINSTALL``: every user can read the application token, so it proves nothing that could destroy."""

from collections.abc import Mapping

from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.payloads import EventRequest
from portals.incoming.events import proof
from portals.incoming.events.registry import DONE, EventKind, LookAgain, Outcome, TryLater, ignored, register
from portals.lifecycle import uninstall
from portals.lifecycle.uninstall import Presence
from portals.models import Portal, PortalEvent

# Seconds. The event may be faster than the authorization server; then the application seems to be there still.
_LOOK_AGAIN = (60, 900)


@register
class Uninstall(EventKind):
    code = "ONAPPUNINSTALL"

    def gist(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """Whether the content may stay; whether it is true at all is asked."""
        return {"CLEAN": "1" if data.get("CLEAN") == "1" else "0"}

    def authenticate(self, event: EventRequest, portal: Portal | None) -> None:
        known = proof.known(portal)
        if known.status == Portal.Status.DELETED:
            proof.need_departed_token(event, known)
        else:
            proof.need_application_token(event, known)

    def process(self, event: PortalEvent) -> Outcome:
        """Ask the authorization server; leave only if it says so."""
        portal = event.portal
        if portal is None:
            return ignored("not_installed")
        clean = event.data.get("CLEAN") == "1"
        if portal.status == Portal.Status.DELETED:
            return DONE if uninstall.hear_late(portal, clean=clean) else ignored("not_installed")
        heard = _heard(portal)
        match _presence(portal):
            case Presence.GONE:
                uninstall.uninstall(portal, clean=clean and heard)
                return DONE
            case Presence.UNKNOWN:
                uninstall.park(portal, erase=heard)
                return ignored("unconfirmed")
        if event.looks < len(_LOOK_AGAIN):
            raise LookAgain("still_installed", _LOOK_AGAIN[event.looks])
        return ignored("still_installed")

    def give_up(self, event: PortalEvent) -> None:
        """Nobody could be asked for days: then nobody can confirm it."""
        if event.portal is not None and event.portal.status != Portal.Status.DELETED:
            uninstall.park(event.portal, erase=_heard(event.portal))


def _heard(portal: Portal) -> bool:
    """Who never told us the application token could be anybody, and what they wish a stranger's wish."""
    return portal.application_token is not None


def _presence(portal: Portal) -> Presence:
    """Whatever the authorization server answers instead of yes or no, it is asked again: the event comes once."""
    try:
        return uninstall.presence(portal)
    except Bitrix24Error as error:
        raise TryLater(error.code, error.retry_after or 0) from None
