"""Where a portal lives. Its address may change, or pass to another portal; only the authorization server knows.

No redirect is followed and no address of a request believed: both are reasons to ask.
"""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from portals.bitrix24.addresses import parse_url
from portals.bitrix24.errors import (
    Bitrix24Error,
    Disposition,
    PortalGone,
    PortalMoved,
    TokenDead,
    TokenExpired,
)
from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.rest import RestClient
from portals.infrastructure import shared
from portals.models import FormerDomain, Portal
from portals.outgoing import bulkhead, gateway, suspicion

log = structlog.get_logger(__name__)

T = TypeVar("T")

ADDRESS_LOST = "address_lost"
PORTAL_GONE = "portal_gone"
# A self-hosted portal may be reached under several names; the authorization server is asked once an hour.
_ALIAS_SECONDS = 3600
# For so long an address is believed once the authorization server has named it: nothing tells us when it passes to
# another portal, and whoever has it then may answer what they like. While that server is away, for a day.
NAMED: int = 3600
NAMED_BEFORE_AWAY: int = 24 * 3600
# Seconds within which a process does not write down again that it was named.
_NAMED_AGAIN = 300
# Before an open somebody waits for the page.
_PROOF_SECONDS, _OPEN_SECONDS = 10.0, 3.0
# A portal in the cloud has one name at a time.
_CLOUD = re.compile(r"[a-z0-9-]+\.bitrix24\.[a-z.]{2,6}")


def ask(
    portal: Portal,
    access_token: str,
    work: Callable[[RestClient], T],
    *,
    claimed_domain: str = "",
    background: bool = False,
    subject: str = "",
) -> T:
    """Run ``work`` against the portal, wherever it is now; ``claimed_domain`` is where a request says it is.

    ``subject`` is what it is about, so that nothing else is held back if that is not answered in time.

    A token goes to no address that may have passed to somebody else: if the claim differs from what is stored, or
    nobody has named the stored one for an hour, the authorization server is asked first. So it is while many tokens
    turn out to be wrong ones.
    Raises: RateLimited if too many wait for this portal already, or if this token asks too often; Bitrix24Error,
    and whatever ``work`` raises.
    """
    if background:
        return _wherever_it_is(portal, access_token, work, background=True)
    suspicion.asks(access_token)
    with bulkhead.place(portal.pk):
        try:
            looked_at = _looked_at(portal, access_token, claimed_domain)
            return _wherever_it_is(portal, access_token, work, background=not looked_at, subject=subject)
        except (TokenDead, TokenExpired):
            suspicion.failed_at(portal.pk)
            raise


def _looked_at(portal: Portal, access_token: str, claimed_domain: str) -> bool:
    """Have the authorization server look at address and token wherever there is reason to.

    False if it is away while many tokens are wrong ones: then nobody unknown takes more than half of the portal's
    limit. Raises: Bitrix24Error, and nobody is asked.
    """
    if not _settled(portal, claimed_domain):
        _settle(portal, access_token, claimed_domain)
        return True
    suspicious = suspicion.suspicious(portal.pk)
    if not suspicious and _named_within(portal, NAMED):
        return True
    try:
        confirm(portal, access_token, deadline=_OPEN_SECONDS, subject=gateway.OPENS)
    except Bitrix24Error as error:
        away = error.disposition is Disposition.RETRY_LATER
        if not away or not _named_within(portal, NAMED_BEFORE_AWAY):
            raise
        log.warning("address_unconfirmed", portal=portal.member_id, reason=error.code)
        return not suspicious
    return True


def _wherever_it_is(
    portal: Portal,
    access_token: str,
    work: Callable[[RestClient], T],
    *,
    background: bool,
    subject: str = "",
) -> T:
    if not portal.client_endpoint:
        confirm(portal, access_token)
    try:
        return work(gateway.portal(portal, access_token, background=background, subject=subject))
    except (PortalMoved, PortalGone):
        before = portal.client_endpoint
        if confirm(portal, access_token) == before:
            raise
    return work(gateway.portal(portal, access_token, background=background, subject=subject))


def confirm(portal: Portal, access_token: str, *, deadline: float = _PROOF_SECONDS, subject: str = "") -> str:
    """Ask the authorization server for the portal's REST address, store it if it changed, and return it.

    ``deadline`` is in seconds; an impatient caller is a ``subject`` of its own.
    Raises: TokenDead for a token of another portal or application, PortalGone if no address is known.
    """
    server = gateway.authorization_server(portal, subject=subject)
    proof = server.app_info(access_token, deadline=deadline)
    if (proof.client_id, proof.member_id) != (settings.BITRIX24_CLIENT_ID, portal.member_id):
        log.warning("address_refused", reason="foreign_token", portal=portal.member_id)
        raise TokenDead("foreign_token")
    if not proof.client_endpoint:
        raise PortalGone()
    if proof.client_endpoint != portal.client_endpoint:
        move(portal, proof.client_endpoint)
    named(portal)
    return proof.client_endpoint


def named(portal: Portal) -> None:
    """The authorization server has just named the address that is stored; known opens say so all the time."""
    here: Any = shared.recall(_name(portal))
    if not here or time.time() - here > _NAMED_AGAIN:
        cache.set(_name(portal), time.time(), timeout=NAMED_BEFORE_AWAY)


def _named_within(portal: Portal, seconds: float) -> bool:
    """As far as this process remembers, or all do."""
    limit, key = time.time() - seconds, _name(portal)
    here: Any = shared.recall(key)
    return bool(here and here > limit) or cache.get(key, 0.0) > limit


def _name(portal: Portal) -> str:
    return f"named:{portal.pk}:{portal.client_endpoint}"


@transaction.atomic
def move(portal: Portal, client_endpoint: str) -> None:
    """Store a *confirmed* address; a portal that lost its address only for that is well again.

    A portal that was installed anew since it was read has its address from there.
    """
    _stand_in_line(client_endpoint)
    if not portal.lock():
        portal.refresh_from_db(fields=["domain", "client_endpoint"])
        return
    vacate(client_endpoint, portal.member_id)
    log.info("portal_renamed", portal=portal.member_id, old=portal.client_endpoint, new=client_endpoint)
    domain = parse_url(client_endpoint).netloc
    leave(portal, domain)
    portal.client_endpoint, portal.domain = client_endpoint, domain
    portal.save(update_fields=["domain", "client_endpoint", "updated_at"])
    if portal.status == Portal.Status.BLOCKED:
        portal.recover("address_confirmed", disproved=(ADDRESS_LOST, PORTAL_GONE))


def _stand_in_line(client_endpoint: str) -> None:
    """Of two that claim an address at once the second waits here until the transaction of the first has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [client_endpoint])


def vacate(client_endpoint: str, member_id: str) -> None:
    """The address belongs to portal ``member_id`` now: whoever had it before is not there any more.

    Nothing is ever sent to the old tenant's address with the old tenant's tokens again. Runs inside the caller's
    transaction.
    """
    _stand_in_line(client_endpoint)
    tenants = Portal.objects.filter(client_endpoint=client_endpoint).exclude(member_id=member_id)
    # Locked as they are read: who has moved or was healed meanwhile is another one by then.
    for other in tenants.select_for_update(no_key=True):
        # Whatever it was blocked for, without an address nothing else may bring it back.
        if other.status in (Portal.Status.ACTIVE, Portal.Status.BLOCKED):
            other.block(ADDRESS_LOST)
        leave(other, "")
        log.warning("address_lost", portal=other.member_id, to=member_id)
        Portal.objects.filter(pk=other.pk).update(client_endpoint="", domain="")


def leave(portal: Portal, domain: str) -> None:
    """Before ``domain`` is stored: remember the one it replaces, so that operators find the portal by it."""
    if portal.domain and portal.domain != domain:
        FormerDomain.objects.update_or_create(
            portal=portal, domain=portal.domain, defaults={"left_at": timezone.now()}
        )


def origins(portal: Portal, opened: OpenRequest) -> tuple[str, ...]:
    """Who may frame the page of a *proved* open: the portal, also by the name under which this browser reached it.

    Another name than the stored one counts only of a self-hosted portal, and only after the authorization server
    has confirmed within the hour that the token is this portal's and where the portal is (docs/adr/0077).
    """
    host = urlsplit(portal.origin).netloc
    if opened.domain == host or _CLOUD.fullmatch(host) or opened.access_token is None:
        return (portal.origin,)
    try:
        if not _settled(portal, opened.domain):
            suspicion.asks(opened.access_token)
            _settle(portal, opened.access_token, opened.domain)
    except Bitrix24Error as error:
        log.warning("alias_refused", portal=portal.member_id, reason=error.code)
        return (portal.origin,)
    scheme = opened.protocol if settings.BITRIX24_TRUSTED_NETWORKS else "https"
    return tuple(dict.fromkeys((portal.origin, f"{scheme}://{opened.domain}")))


def _settle(portal: Portal, access_token: str, claimed_domain: str) -> None:
    confirm(portal, access_token, deadline=_OPEN_SECONDS, subject=gateway.OPENS)
    cache.set(_alias(portal, claimed_domain), 1, timeout=_ALIAS_SECONDS)


def _settled(portal: Portal, claimed_domain: str) -> bool:
    if claimed_domain in ("", portal.domain):
        return True
    return bool(cache.get(_alias(portal, claimed_domain)))


def _alias(portal: Portal, domain: str) -> str:
    return f"alias:{portal.pk}:{portal.client_endpoint}:{domain}"
