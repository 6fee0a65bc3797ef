"""The authorization server: whose a token is, without a request to the portal.

It is asked where the answer is likely to be enough: somebody's right to the dialog is known. It names the person by
number alone; the rest comes from what the portal said of that person a moment ago (to themselves, or to a fellow
member of the chat), and where that is not known the portal is asked after all. So it is if this server is silent,
slow, crowded by us, or says anything but a plain yes.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog
from django.conf import settings

from portals.bitrix24.errors import Bitrix24Error, TokenDead, TokenExpired
from portals.bitrix24.payloads import AppInfo
from portals.outgoing import bulkhead, gateway, suspicion
from portals.refusals import Refusal
from widget.access import kept
from widget.access.answers import Identity
from widget.access.inquiry import Inquiry

log = structlog.get_logger(__name__)

# Seconds: the portal could have answered meanwhile.
_DEADLINE: Final = 3.0
_PLACE: Final = "authorization server"


class AuthorizationServer:
    """Whose the token is."""

    def answer(self, inquiry: Inquiry) -> Identity | None:
        """Raises: Refusal for a token of another portal or application; TokenDead, TokenExpired."""
        if not inquiry.lately(inquiry.of_token.opened_at):
            return None
        if not inquiry.holder_asked:
            inquiry.holder_asked = True
            inquiry.holder = _holder(inquiry)
        if inquiry.holder is None:
            return None
        person = _person(inquiry, inquiry.holder.user_id)
        if person is None:
            return None
        ends = min(kept.token_ends(inquiry.claim, time.time()), inquiry.holder.expires.timestamp())
        identity = replace(person, ends=min(person.ends, ends))
        kept.keep_identity(inquiry.claim, identity)
        return identity


def _holder(inquiry: Inquiry) -> AppInfo | None:
    """The server's plain yes to a living token of ours. Raises: Refusal, TokenDead, TokenExpired."""
    token, portal = inquiry.claim.access_token, inquiry.portal
    try:
        suspicion.asks(token)
        with bulkhead.place(_PLACE):
            word = gateway.authorization_server(portal).app_info(token, deadline=_DEADLINE)
    except (TokenDead, TokenExpired):
        # The portal has the last word, but not about one invented token after the other.
        if not suspicion.suspicious(portal.pk):
            return None
        suspicion.failed_at(portal.pk)
        raise
    except Bitrix24Error as error:
        log.info("authorization_server_passed_over", portal=portal.member_id, reason=error.code)
        return None
    if word.client_id != settings.BITRIX24_CLIENT_ID:
        suspicion.failed_at(portal.pk)
        raise Refusal("foreign_application")
    if word.member_id != portal.member_id:
        suspicion.failed_at(portal.pk)
        raise Refusal("foreign_portal")
    return word if word.installed and word.expires > datetime.now(UTC) else None


def _person(inquiry: Inquiry, viewer: int) -> Identity | None:
    """Name, administrator and guest, as the portal told the viewer.

    Of whom nothing was heard within the hour, a fellow member's look tells; once, so that the portal is asked about
    everybody who goes on.
    """
    known = inquiry.of(viewer)
    if known.person is not None and known.person.epoch == inquiry.epoch:
        person = inquiry.good(known.person)
        return person if person and person.at > known.refused_at else None
    look = inquiry.good(known.look)
    if look is None or known.refused_at:
        return None
    person = inquiry.good(look.identity_of(viewer))
    if person is not None:
        kept.keep_person(inquiry.claim, person)
    return person
