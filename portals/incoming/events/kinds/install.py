"""``ONAPPINSTALL``: the only install path without interface; after a wizard it brings the application token."""

from portals.bitrix24.errors import TokenDead
from portals.bitrix24.payloads import EventRequest
from portals.incoming.events import proof
from portals.incoming.events.registry import DONE, EventKind, EventRefused, Outcome, register
from portals.lifecycle import install
from portals.lifecycle.install import InstallClaim
from portals.models import Portal, PortalEvent
from portals.outgoing import suspicion
from portals.refusals import Refusal


@register
class Install(EventKind):
    code = "ONAPPINSTALL"
    keeps_credentials = needs_credentials = True

    def authenticate(self, event: EventRequest, portal: Portal | None) -> None:
        """Anybody may send one: it is proved by its access token exactly like an installer page."""
        proof.need_access_token(event)

    def process(self, event: PortalEvent) -> Outcome:
        """Install. Early, late, doubled: the same end state; what cannot be proved changes nothing."""
        install_from(event)
        return DONE


def install_from(event: PortalEvent) -> Portal:
    """Raises: EventRefused, BindingFailed, Bitrix24Error."""
    credentials = event.credentials
    claim = InstallClaim(
        member_id=event.member_id,
        language=str(event.data.get("LANGUAGE_ID", "en"))[:8].lower(),
        access_token=credentials.access_token,
        refresh_token=credentials.refresh_token,
        application_token=credentials.application_token,
    )
    try:
        return install.perform(claim)
    except TokenDead:
        # Nobody gave out such a token: Bitrix24's own queue delivers expired or foreign ones at worst.
        suspicion.failed_from(event.sender)
        raise
    except Refusal as refusal:
        raise EventRefused(refusal.reason) from None
