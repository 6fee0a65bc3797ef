"""``ONAPPPAYMENT``: comes without application token, so it is a hint and no more."""

from collections.abc import Mapping

from portals.bitrix24.payloads import EventRequest
from portals.incoming.events import proof
from portals.incoming.events.registry import EventKind, EventRefused, Outcome, ignored, register
from portals.lifecycle import payments
from portals.models import Portal, PortalEvent


@register
class Payment(EventKind):
    code = "ONAPPPAYMENT"

    def gist(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """Nothing: the portal is asked."""
        return {}

    def authenticate(self, event: EventRequest, portal: Portal | None) -> None:
        if proof.known(portal).status == Portal.Status.DELETED:
            raise EventRefused("not_installed")

    def process(self, event: PortalEvent) -> Outcome:
        """Ask the portal what is true."""
        if event.portal is None or event.portal.status == Portal.Status.DELETED:
            return ignored("not_installed")
        return Outcome(PortalEvent.Status.DONE, payments.check(event.portal))
