"""The authorization server: whose a token is, without a request to the portal.

It is asked where the answer is likely to be enough: somebody's right to the dialog is known, or a private chat of
the person whose number it is. It names the viewer by number alone; the rest comes from what the portal said of them
(to themselves, or to a fellow member of the chat), and where that is not known the portal is asked after all. So it
is if this server is silent, slow, crowded by us, or says anything but a plain yes.

A portal has a token made whenever it shows us to somebody who may use the application (portal source, rest module,
``rest.authorize`` in the component ``app.layout``, May 2026). So a young token is the portal's own word, as old as
the token, that its holder works there and may use us. Of whoever holds an older one the portal is asked every ten
minutes.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog
from django.conf import settings

from portals.bitrix24.errors import Bitrix24Error, RateLimited, TokenDead, TokenExpired
from portals.bitrix24.payloads import AppInfo
from portals.infrastructure import shared
from portals.models import Portal
from portals.outgoing import addresses, bulkhead, gateway, suspicion
from portals.refusals import Refusal
from widget.access import kept
from widget.access.answers import Identity
from widget.access.inquiry import Inquiry
from widget.models import Chat

log = structlog.get_logger(__name__)

# Seconds: the portal could have answered meanwhile.
_DEADLINE: Final = 3.0
# Seconds that a token lives (Bitrix24 REST docs, "OAuth 2.0"); it is young as long as a right is fresh.
_LIFETIME: Final = 3600
_PLACE: Final = "authorization server"
# It has asked us to wait; it is not said for whom. Seconds, where it does not say how many.
_RESTS: Final = "authorization-server-rests"
_REST_SECONDS: Final = 5.0
# Questions of a process that are under way at once: it serves all portals, and no limit of it is documented.
_AT_MOST: Final = 64


class AuthorizationServer:
    """Whose the token is."""

    def answer(self, inquiry: Inquiry) -> Identity | None:
        """Raises: Refusal for a token of another portal or application; TokenDead, TokenExpired."""
        if not _promises(inquiry):
            return None
        if not inquiry.holder_asked:
            inquiry.holder_asked = True
            inquiry.holder = _holder(inquiry)
        if inquiry.holder is None:
            return None
        person = _person(inquiry, inquiry.holder)
        if person is None:
            return None
        ends = min(kept.token_ends(inquiry.claim, time.time()), inquiry.holder.expires.timestamp())
        identity = replace(person, ends=min(person.ends, ends))
        kept.keep_identity(inquiry.claim, identity)
        return identity


def _promises(inquiry: Inquiry) -> bool:
    """Whether the holder's number is likely to be all that is missing.

    A blocked portal lacks a token as well: an administrator whom it proves brings one (portals/lifecycle/heal.py).
    """
    if inquiry.portal.status == Portal.Status.BLOCKED:
        return False
    if inquiry.lately(inquiry.of_token.opened_at):
        return True
    return not inquiry.is_group and Chat.objects.private_of(inquiry.portal, inquiry.claim.dialog_id.number)


def _holder(inquiry: Inquiry) -> AppInfo | None:
    """The server's plain yes to a living token of ours. Raises: Refusal, TokenDead, TokenExpired."""
    token, portal = inquiry.claim.access_token, inquiry.portal
    if shared.recall(_RESTS):
        return None
    try:
        suspicion.asks(token)
        with bulkhead.place(_PLACE, at_most=_AT_MOST):
            server = gateway.authorization_server(portal, subject=gateway.OPENS)
            word = server.app_info(token, deadline=_DEADLINE)
    except (TokenDead, TokenExpired):
        # The portal has the last word, but not about one invented token after the other.
        suspicious = suspicion.suspicious(portal.pk)
        suspicion.failed_at(portal.pk)
        if suspicious:
            raise
        return None
    except Bitrix24Error as error:
        log.info("authorization_server_passed_over", portal=portal.member_id, reason=error.code)
        if isinstance(error, RateLimited) and error.http_status:
            shared.remember(_RESTS, value=True, seconds=error.retry_after or _REST_SECONDS)
        return None
    if word.client_id != settings.BITRIX24_CLIENT_ID:
        suspicion.failed_at(portal.pk)
        raise Refusal("foreign_application")
    if word.member_id != portal.member_id:
        suspicion.failed_at(portal.pk)
        raise Refusal("foreign_portal")
    if word.client_endpoint == portal.client_endpoint:
        addresses.named(portal)
    return word if word.installed and word.expires > datetime.now(UTC) else None


def _person(inquiry: Inquiry, holder: AppInfo) -> Identity | None:
    """Name, administrator and guest, as the portal told the viewer, or a fellow member of them.

    With a young token that may have been within the hour. With another one a fellow member's look counts once, so
    that the portal is asked about everybody who goes on.
    """
    made_at = min(time.time(), holder.expires.timestamp() - _LIFETIME)
    young = inquiry.lately(made_at)
    known = inquiry.of(holder.user_id)
    person = known.person if known.person and known.person.epoch == inquiry.epoch else None
    heard_of = person is not None
    if person is not None and not person.is_good(inquiry.epoch, stale=young or inquiry.away is not None):
        person = None
    if person is None and (young or not heard_of) and (look := inquiry.good(known.look)):
        person = look.identity_of(holder.user_id)
        if person is not None:
            kept.keep_person(inquiry.claim, person)
    if person is None or person.at <= known.refused_at:
        return None
    if young:
        fresh = person.is_good(inquiry.epoch)
        person = replace(person, at=max(person.at, made_at), admin=person.admin if fresh else None)
    return inquiry.good(person)
