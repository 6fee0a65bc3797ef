"""The daily, gentle look at portals nobody hears of: an uninstall event may be lost, a portal may be closed.

At most a call or two a portal and day, none of them a refresh (Bitrix24 blocks applications that refresh every
portal by the clock); who is gone is parked, and comes back by itself when it answers again.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from portals.bitrix24.errors import Bitrix24Error, PortalGone, PortalMoved
from portals.lifecycle import uninstall
from portals.lifecycle.install import next_presence_check
from portals.lifecycle.uninstall import Presence
from portals.models import BLOCKED_BY_OPERATOR, Portal
from portals.outgoing import addresses, gateway
from portals.outgoing.consequences import TOKEN_REFUSED

log = structlog.get_logger(__name__)

NOT_INSTALLED = "not_installed"
_PARKED = (NOT_INSTALLED, addresses.PORTAL_GONE, addresses.ADDRESS_LOST, TOKEN_REFUSED)
# A parked portal whose application is still gone after this is taken as uninstalled.
PATIENCE = timedelta(days=7)
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
        found = uninstall.presence(portal, may_refresh=False)
        if found is Presence.INSTALLED:
            _visit(portal)
    except (PortalGone, PortalMoved) as error:
        if portal.status_reason != addresses.ADDRESS_LOST:
            portal.block(addresses.PORTAL_GONE)
        log.warning("portal_vanished", portal=portal.member_id, reason=error.code)
        return Presence.UNKNOWN
    except Bitrix24Error as error:
        log.info("presence_unknown", portal=portal.member_id, reason=error.code)
        return Presence.UNKNOWN
    if found is Presence.GONE:
        _gone(portal)
    elif found is Presence.INSTALLED and portal.status_reason in _PARKED:
        portal.recover("found_again", disproved=_PARKED)
    return found


def _visit(portal: Portal) -> None:
    """Is it where we think it is? Any answer of a Bitrix24 will do; a move is confirmed and stored."""
    token = portal.tokens.alive().order_by("-stored_at").first()
    if token is None:
        return
    if not portal.client_endpoint:
        addresses.confirm(portal, token.access_token)
    try:
        gateway.portal(portal, token.access_token, background=True).call("app.info")
    except (PortalMoved, PortalGone):
        before = portal.client_endpoint
        if addresses.confirm(portal, token.access_token) == before:
            raise


def _gone(portal: Portal) -> None:
    parked = portal.status_reason == NOT_INSTALLED
    if parked and portal.status_changed_at < timezone.now() - PATIENCE:
        uninstall.uninstall(portal, clean=False, reason="vanished")
    elif not parked:
        log.warning("portal_vanished", portal=portal.member_id, reason=NOT_INSTALLED)
        portal.block(NOT_INSTALLED)
