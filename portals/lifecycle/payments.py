"""Whether a portal has paid, as the portal itself says; events about it are only hints."""

import structlog
from django.utils import timezone

from portals.bitrix24.errors import Unpaid
from portals.bitrix24.payloads import PortalAppInfo
from portals.models import Portal
from portals.outgoing import consequences
from portals.tokens.portal_client import PortalClient

log = structlog.get_logger(__name__)

UNPAID = consequences.UNPAID
UNFINISHED = "unfinished"


def check(portal: Portal) -> str:
    """Ask the portal's ``app.info`` with its own token, and follow: unpaid blocks, paid heals; content stays.

    In the grace period (``DAYS`` below zero but not expired) everything goes on.
    Returns "unpaid", "unfinished" (everything hides until an administrator opens the installer, as after a new
    version of the application), "grace" or "paid".
    Raises: NoToken, RefreshPending, Bitrix24Error.
    """
    try:
        app = PortalAppInfo.parse(PortalClient(portal).call("app.info"))
    except Unpaid:
        portal.block(UNPAID)
        return UNPAID
    if app.licence_status and app.licence_status != portal.licence_status:
        asked = Portal.objects.filter(pk=portal.pk, installation=portal.installation)
        asked.update(licence_status=app.licence_status, updated_at=timezone.now())
    if app.payment_expired:
        portal.block(UNPAID)
        return UNPAID
    portal.recover("paid", disproved=[UNPAID])
    if not app.installed:
        return UNFINISHED
    return "grace" if app.days is not None and app.days < 0 else "paid"
