"""``ONAPPUNINSTALL``: every user can read the application token, so it proves nothing that could destroy."""

from portals import uninstalls
from portals.bitrix24.payloads import EventRequest
from portals.events import proof
from portals.events.registry import DONE, EventKind, Outcome, TryLater, ignored, register
from portals.models import Portal, PortalEvent
from portals.uninstalls import Presence

# Seconds. The event may be faster than the authorization server; then the application seems to be there still.
_LOOK_AGAIN = (60, 900)


@register
class Uninstall(EventKind):
    code = "ONAPPUNINSTALL"

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
            return DONE if uninstalls.hear_late(portal, clean=clean) else ignored("not_installed")
        # Who never told us the application token could be anybody, and CLEAN would be a stranger's wish.
        clean &= portal.application_token is not None
        match uninstalls.presence(portal):
            case Presence.GONE:
                uninstalls.uninstall(portal, clean=clean)
                return DONE
            case Presence.UNKNOWN:
                # No token of ours can ask. Nothing is destroyed: an administrator's open heals it.
                if portal.status == Portal.Status.ACTIVE:
                    portal.block("uninstall_unconfirmed")
                return ignored("unconfirmed")
        if event.attempts <= len(_LOOK_AGAIN):
            raise TryLater("still_installed", _LOOK_AGAIN[event.attempts - 1])
        return ignored("still_installed")
