"""The daily, gentle look at portals nobody hears of: an uninstall event may be lost, a portal may be closed.

A few calls a portal and day. Access tokens of portals nobody opens have expired: the address is looked at with them
all the same, and one refresh in `RENEWAL` tells whether the application is installed (no more: Bitrix24 blocks
applications that refresh every portal by the clock, docs/tokens.md). Who is gone is parked, and comes back by
itself when it answers again.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from portals.bitrix24.errors import (
    Bitrix24Error,
    ClientRefused,
    PortalGone,
    PortalMoved,
    TokenDead,
    TokenExpired,
)
from portals.lifecycle import uninstall
from portals.lifecycle.install import next_presence_check
from portals.lifecycle.uninstall import UNCONFIRMED, Presence
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalToken, signals
from portals.outgoing import addresses, gateway
from portals.outgoing.consequences import NOT_INSTALLED, TOKEN_REFUSED
from portals.tokens import pairs

log = structlog.get_logger(__name__)

_PARKED = (NOT_INSTALLED, addresses.PORTAL_GONE, addresses.ADDRESS_LOST, TOKEN_REFUSED, UNCONFIRMED)
_OF_ADDRESS = (addresses.PORTAL_GONE,)
# A parked portal whose application is still gone after this is taken as uninstalled.
PATIENCE = timedelta(days=7)
# Between two refreshes that looks may cause: a portal renewed or opened since is not refreshed for a look.
RENEWAL = timedelta(days=7)
_HEARD_OF = timedelta(hours=24)


def claim_due(limit: int) -> list[int]:
    """Ids of portals to look at now, which are due again in about a day; empty if none is due.

    A portal opened within a day is passed over, and so is one that an operator blocked.
    """
    while rows := _claim(limit):
        now = timezone.now()
        if found := [portal.pk for portal in rows if not _passed_over(portal, now)]:
            return found
    return []


@transaction.atomic
def _claim(limit: int) -> list[Portal]:
    due = Portal.objects.filter(
        status__in=[Portal.Status.ACTIVE, Portal.Status.BLOCKED], presence_due_at__lte=timezone.now()
    )
    locked = due.order_by("presence_due_at").select_for_update(no_key=True, skip_locked=True)
    rows = list(locked.only("status", "status_reason", "last_used_at")[:limit])
    Portal.objects.filter(pk__in=[portal.pk for portal in rows]).update(presence_due_at=next_presence_check())
    return rows


def _passed_over(portal: Portal, now: datetime) -> bool:
    if portal.status == Portal.Status.BLOCKED:
        return portal.status_reason == BLOCKED_BY_OPERATOR
    return portal.last_used_at is not None and portal.last_used_at > now - _HEARD_OF


def check(portal: Portal) -> Presence:
    """Look at one portal and park it, or take it back. Without an answer nothing changes."""
    try:
        found = _ask(portal)
        disproved = () if found is Presence.GONE else _visit(portal)
    except (PortalGone, PortalMoved) as error:
        if portal.status == Portal.Status.ACTIVE:  # what it was blocked for before is still so
            portal.block(addresses.PORTAL_GONE)
        log.warning("portal_vanished", portal=portal.member_id, reason=error.code)
        return Presence.UNKNOWN
    except Bitrix24Error as error:
        log.info("presence_unknown", portal=portal.member_id, reason=error.code)
        return Presence.UNKNOWN
    if found is Presence.GONE:
        _gone(portal)
    else:
        _there(portal, found, disproved)
    return found


def _ask(portal: Portal) -> Presence:
    try:
        return uninstall.presence(portal, may_refresh=_may_refresh(portal))
    except pairs.RefreshPending:
        return Presence.UNKNOWN


def _may_refresh(portal: Portal) -> bool:
    since = timezone.now() - RENEWAL
    if portal.status == Portal.Status.ACTIVE and portal.last_used_at and portal.last_used_at > since:
        return False
    return not portal.tokens.alive().filter(refreshed_at__gt=since).exists()


def _visit(portal: Portal) -> tuple[str, ...]:
    """Is it where we think it is? Any answer of a Bitrix24 will do, and any token; a move is confirmed and stored.

    Returns the reasons to be parked that the answer disproves.
    Raises: PortalGone, PortalMoved; any other Bitrix24Error tells nothing.
    """
    token = portal.tokens.alive().order_by("-stored_at").first()
    if token is None:
        return ()
    if not portal.client_endpoint:
        addresses.confirm(portal, token.access_token)
    try:
        gateway.portal(portal, token.access_token, background=True).call("app.info")
    except (TokenExpired, TokenDead):
        return _OF_ADDRESS
    except (PortalMoved, PortalGone):
        if not _found_elsewhere(portal, token):
            raise
    return _PARKED


def _found_elsewhere(portal: Portal, token: PortalToken) -> bool:
    """Whether the authorization server knows another address; what says so is worth a refresh, once."""
    before = portal.client_endpoint
    try:
        return addresses.confirm(portal, token.access_token) != before
    except (TokenExpired, TokenDead):
        if portal.status_reason in _PARKED:
            return False
    try:
        renewed = pairs.refresh(token.pk, spent_generation=token.generation)
        return addresses.confirm(portal, renewed.access_token) != before
    except (TokenExpired, TokenDead, ClientRefused, pairs.NoToken, pairs.RefreshPending):
        return False


def _there(portal: Portal, found: Presence, disproved: tuple[str, ...]) -> None:
    """The portal answers; unless the application is known to be there, that says something of the address alone,
    and nothing against an uninstall."""
    if found is not Presence.INSTALLED:
        disproved = _OF_ADDRESS if disproved and portal.erase_due_at is None else ()
    if portal.status_reason in disproved and portal.recover("found_again", disproved=disproved):
        # What it was blocked for before that is not known any more.
        signals.perhaps_paid.send(Portal, portal=portal)


def _gone(portal: Portal) -> None:
    parked = portal.status_reason == NOT_INSTALLED
    if parked and portal.status_changed_at < timezone.now() - PATIENCE:
        uninstall.uninstall(portal, clean=False, reason="vanished")
    elif not parked:
        log.warning("portal_vanished", portal=portal.member_id, reason=NOT_INSTALLED)
        portal.block(NOT_INSTALLED)
