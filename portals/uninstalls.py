"""Leaving: believed only when the authorization server says so; then tokens die, and content at once or later."""

from datetime import timedelta
from enum import StrEnum

import structlog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portals import acts, gateway, signals, tokens
from portals.bitrix24.errors import NotInstalled, TokenDead, TokenExpired, Unpaid
from portals.journal import CALLS
from portals.models import ApiCall, Portal, PortalEvent, PortalToken, PortalTransition

log = structlog.get_logger(__name__)

# How long after an uninstall was noticed its event may still come.
LATE_EVENT = timedelta(days=1)


class Presence(StrEnum):
    """Whether the application is on a portal, as far as the authorization server lets us know."""

    INSTALLED = "installed"
    GONE = "gone"
    UNKNOWN = "unknown"


def presence(portal: Portal, *, may_refresh: bool = True) -> Presence:
    """Ask the authorization server. ``may_refresh``: spend a refresh token if the access token cannot tell.

    Raises: RefreshPending; Bitrix24Error if there was no answer.
    """
    token = portal.tokens.alive().order_by("-stored_at").first()
    if token is None:
        return Presence.UNKNOWN
    found = _by_access_token(token)
    return _by_refresh(token) if found is Presence.UNKNOWN and may_refresh else found


def _by_access_token(token: PortalToken) -> Presence:
    try:
        proof = gateway.authorization_server(token.portal).app_info(token.access_token)
    except NotInstalled:
        return Presence.GONE
    except (TokenDead, TokenExpired):
        return Presence.UNKNOWN
    # Not installed but answered for: its installer is open, or it is going. A refresh tells the two apart.
    return Presence.INSTALLED if proof.installed else Presence.UNKNOWN


def _by_refresh(token: PortalToken) -> Presence:
    try:
        tokens.refresh(token.pk, spent_generation=token.generation)
    except NotInstalled:
        return Presence.GONE
    except (TokenDead, tokens.NoToken):
        return Presence.UNKNOWN
    except Unpaid:
        pass
    return Presence.INSTALLED


def uninstall(portal: Portal, *, clean: bool, reason: str = "uninstalled") -> None:
    """The application is gone, *confirmed*: tokens go now; content now if ``clean``, else after the retention.

    Running twice, or after a rival, changes nothing more; nor does it if the portal was installed again meanwhile.
    """
    if not portal.mark_deleted(reason):
        return
    log.info("portal_uninstalled", portal=portal.member_id, clean=clean, reason=reason)
    _decide_content(portal, clean=clean)


def hear_late(portal: Portal, *, clean: bool) -> bool:
    """The uninstall event of a portal that somebody else noticed leaving. Its CLEAN is heard once, within a day:
    every user of the portal can read the application token, and could later ask for what they should not.

    False if nobody waits for the event any more.
    """
    if not portal.application_token_digest or portal.status_changed_at < timezone.now() - LATE_EVENT:
        return False
    log.info("portal_uninstall_heard_late", portal=portal.member_id, clean=clean)
    _decide_content(portal, clean=clean)
    return True


def _decide_content(portal: Portal, *, clean: bool) -> None:
    """The event has come: nobody is heard a second time."""
    left = Portal.objects.filter(pk=portal.pk, status=Portal.Status.DELETED)
    left.update(application_token_digest="", **({"erase_due_at": timezone.now()} if clean else {}))
    if clean:
        erase(portal.pk)


def erase(portal_id: int) -> bool:
    """Erase a portal that left: afterwards one line of history is all there is, in every table.

    False if there is nothing to erase: already done, or installed again.
    """
    CALLS.flush()  # what this process still holds about the portal must not be written afterwards
    with transaction.atomic():
        portal = (
            Portal.objects.select_for_update()
            .filter(pk=portal_id, status=Portal.Status.DELETED, erase_due_at__lte=timezone.now())
            .first()
        )
        if portal is None:
            return False
        member_id, host = portal.member_id, portal.domain
        signals.erased.send(Portal, portal=portal)
        PortalEvent.objects.filter(member_id=member_id).delete()
        ApiCall.objects.filter(Q(portal=portal) | Q(portal=None, host=host)).delete()
        content_type = ContentType.objects.get_for_model(Portal)
        LogEntry.objects.filter(content_type=content_type, object_id=str(portal.pk)).delete()
        portal.delete()
        PortalTransition.objects.create(
            member_id=member_id, old="deleted", new="deleted", reason="erased", by=acts.author()
        )
    log.info("portal_erased", portal=member_id)
    return True


def due_for_erasure(limit: int) -> list[int]:
    """Ids of portals that left and whose retention is over."""
    left = Portal.objects.filter(status=Portal.Status.DELETED, erase_due_at__lte=timezone.now())
    return list(left.order_by("erase_due_at").values_list("pk", flat=True)[:limit])
