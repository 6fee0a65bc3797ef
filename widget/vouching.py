"""Who somebody is when many stand in line at the portal: the authorization server vouches for the token.

Its word costs nothing of the portal's bucket. It names the person only; name and audience come from what the portal
told a fellow member. Nobody is an administrator by this way, and private chats are not opened by it.
"""

from datetime import UTC, datetime

import structlog
from django.conf import settings

from portals import gateway
from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.payloads import DialogId
from portals.limits import PortalGate
from portals.models import Portal
from widget import shares
from widget.shares import Identity

log = structlog.get_logger(__name__)

# Seconds in line from which on asking the authorization server is quicker.
LONG_LINE = 0.5
_DEADLINE = 3.0


def vouched(portal: Portal, access_token: str, dialog_id: DialogId) -> Identity | None:
    """The owner of a token, if the line is long and a fellow member's look at this group chat can be shared."""
    if not shares.group_known(portal, dialog_id):
        return None
    if PortalGate.to(portal.client_endpoint, licence=portal.licence).line() < LONG_LINE:
        return None
    try:
        proof = gateway.authorization_server(portal).app_info(access_token, deadline=_DEADLINE)
    except Bitrix24Error as error:
        log.info("vouching_failed", portal=portal.member_id, reason=error.code)
        return None
    ours = (proof.client_id, proof.member_id) == (settings.BITRIX24_CLIENT_ID, portal.member_id)
    if not ours or not proof.installed or proof.expires <= datetime.now(UTC):
        return None
    person = shares.person(portal, proof.user_id)
    return Identity(proof.user_id, person.name, admin=False, extranet=person.extranet) if person else None
