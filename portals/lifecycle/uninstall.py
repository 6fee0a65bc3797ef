"""Leaving: believed when the authorization server says so; then tokens die, and content at once or later.

Where no token of ours can ask it any more, a long time without anybody says it (docs/adr/0072).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from portals.bitrix24.codes import CLASSES
from portals.bitrix24.errors import ClientRefused, NotInstalled, TokenDead, TokenExpired, Unpaid
from portals.infrastructure.call_log import CALLS
from portals.models import (
    BLOCKED_BY_OPERATOR,
    UNCONFIRMED_TERM,
    ApiCall,
    Portal,
    PortalEvent,
    PortalToken,
    PortalTransition,
    authorship,
    erasing,
)
from portals.outgoing import gateway
from portals.outgoing.consequences import NOT_INSTALLED
from portals.tokens import pairs

log = structlog.get_logger(__name__)

# How long after an uninstall was noticed its event may still come.
LATE_EVENT = timedelta(days=1)
# Between an event that wants content erased and the erasure: of two that differ the one that keeps it is believed.
OBJECTION = timedelta(hours=1)
# The status reason of a portal whose uninstall nobody could confirm; it waits `UNCONFIRMED_TERM`.
UNCONFIRMED = "uninstall_unconfirmed"
# "The secret is wrong, or the application may not be installed in Bitrix24." Source: Bitrix24 REST docs,
# settings/oauth/error-codes (November 2026).
INVALID_CLIENT = "invalid_client"
# Within which another portal of the same server has to be renewed, so that the secret is the right one.
_LATELY = timedelta(hours=1)


class Presence(StrEnum):
    """Whether the application is on a portal, as far as the authorization server lets us know."""

    INSTALLED = "installed"
    GONE = "gone"
    UNKNOWN = "unknown"


def presence(portal: Portal, *, may_refresh: bool = True) -> Presence:
    """Ask the authorization server. ``may_refresh``: spend a refresh token if the access token cannot tell.

    Raises: RefreshPending; Bitrix24Error if there was no answer.
    """
    for token in portal.tokens.alive().order_by("-stored_at"):
        found = _by_access_token(token)
        if found is Presence.UNKNOWN and may_refresh:
            found = _by_refresh(token)
        if found is not Presence.UNKNOWN:
            return found
    return Presence.UNKNOWN


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
        pairs.refresh(token.pk, spent_generation=token.generation)
    except NotInstalled:
        return Presence.GONE
    except (TokenDead, pairs.NoToken):
        return Presence.UNKNOWN
    except Unpaid:
        pass
    except ClientRefused as refusal:
        if _refused_alone(token, refusal.code):
            return Presence.UNKNOWN
        raise
    except pairs.RefreshPending as pending:
        # The scheduler asked first, and will again: then what it heard counts.
        if _heard_gone(token, str(pending)):
            return Presence.GONE
        if _refused_alone(token, str(pending)):
            return Presence.UNKNOWN
        raise
    return Presence.INSTALLED


def _heard_gone(token: PortalToken, code: str) -> bool:
    """Whether ``code``, the answer to the last refresh, said so, and nobody has shown life since."""
    return issubclass(CLASSES.get(code, object), NotInstalled) and token.portal.status_reason == NOT_INSTALLED


def _refused_alone(token: PortalToken, code: str) -> bool:
    """Whether our client was refused for this portal alone; for all of them it would be our secret."""
    if code != INVALID_CLIENT:
        return False
    others = PortalToken.objects.exclude(portal=token.portal_id).filter(
        portal__authorization_server=token.portal.authorization_server
    )
    renewed = others.filter(refreshed_at__gt=F("stored_at"))  # a pair that was brought needed no secret
    return renewed.filter(refreshed_at__gt=timezone.now() - _LATELY).exists()


def uninstall(portal: Portal, *, clean: bool, reason: str = "uninstalled") -> None:
    """The application is gone, *confirmed*: tokens go now; content soon if ``clean``, else after the retention.

    Running twice, or after a rival, changes nothing more; nor does it if the portal was installed again meanwhile.
    """
    if not portal.mark_deleted(reason):
        return
    log.info("portal_uninstalled", portal=portal.member_id, clean=clean, reason=reason)
    _decide_content(portal, clean=clean)


def erase_now(portal: Portal, *, reason: str) -> None:
    """An operator's word: uninstalled, and nothing is kept."""
    if not portal.mark_deleted(reason):
        return
    log.info("portal_uninstalled", portal=portal.member_id, clean=True, reason=reason)
    Portal.objects.filter(pk=portal.pk, status=Portal.Status.DELETED).update(erase_due_at=timezone.now())
    erase(portal.pk)


def hear_late(portal: Portal, *, clean: bool) -> bool:
    """An uninstall event of a portal that has left: somebody else noticed it, or another event came first.

    It is heard within a day, and once content is to be kept no more: every user of the portal can read the
    application token, and could later ask for what they should not. False if nobody waits for an event any more.
    """
    if not portal.application_token_digest or portal.status_changed_at < timezone.now() - LATE_EVENT:
        return False
    log.info("portal_uninstall_heard_late", portal=portal.member_id, clean=clean)
    if not clean:
        kept_until = timezone.now() + timedelta(days=settings.CONTENT_RETENTION_DAYS)
        Portal.objects.filter(pk=portal.pk, status=Portal.Status.DELETED).update(erase_due_at=kept_until)
    _decide_content(portal, clean=clean)
    return True


def park(portal: Portal, *, erase: bool) -> None:
    """An uninstall that nobody can confirm: the portal is blocked until an administrator opens the application.

    ``erase``: the event showed the application token. Then everything goes when nobody came for `UNCONFIRMED_TERM`;
    whatever activates the portal calls that off, and an operator's block keeps it waiting.
    """
    if portal.status == Portal.Status.ACTIVE:
        portal.block(UNCONFIRMED)
    if erase:
        parked = Portal.objects.filter(
            pk=portal.pk,
            installation=portal.installation,
            status=Portal.Status.BLOCKED,
            erase_due_at=None,
        )
        parked.update(erase_due_at=timezone.now() + UNCONFIRMED_TERM)
    log.error("uninstall_unconfirmed", portal=portal.member_id, erase=erase)


def _decide_content(portal: Portal, *, clean: bool) -> None:
    """Erasing waits for an objection (docs/adr/0091); that content is kept is the last word."""
    left = Portal.objects.filter(pk=portal.pk, status=Portal.Status.DELETED)
    if clean:
        soon = timezone.now() + OBJECTION
        left.filter(erase_due_at__gt=soon).update(erase_due_at=soon)
    else:
        left.update(application_token_digest="")


def erase(portal_id: int) -> bool:
    """Erase a portal that left: afterwards one line of history is all there is, in every table.

    In portions, so that nobody waits long for a row. False if there is nothing to erase: already done, or installed
    again, if need be between two portions.
    """
    CALLS.flush()  # what this process still holds about the portal must not be written afterwards
    while (erased := _erase_portion(portal_id)) is None:
        pass
    return erased


@transaction.atomic
def _erase_portion(portal_id: int) -> bool | None:
    """None if there may be more. Who comes back gets the row after this portion; the next finds nothing to do."""
    due = _due(timezone.now()).filter(pk=portal_id)
    portal = due.select_for_update(of=("self",), no_key=True).first()
    if portal is None:
        return False
    if portal.status == Portal.Status.BLOCKED:
        portal.mark_deleted("never_confirmed")
        Portal.objects.filter(pk=portal_id).update(erase_due_at=timezone.now())
    if erasing.erase_some(portal) or _erase_logs(portal):
        return None
    member_id = portal.member_id
    held = portal.transitions.filter(reason=BLOCKED_BY_OPERATOR, new=Portal.Status.BLOCKED)
    block = held.first() if portal.is_held else None
    portal.delete()
    if portal.is_held:
        _block_again(member_id, block)
    PortalTransition.objects.create(
        member_id=member_id, old="deleted", new="deleted", reason="erased", by=authorship.author()
    )
    log.info("portal_erased", portal=member_id)
    return True


def _block_again(member_id: str, block: PortalTransition | None) -> None:
    """Nobody gets rid of an operator's block by leaving: what stays is the number, and why it is blocked."""
    portal = Portal.objects.create(
        member_id=member_id, status=Portal.Status.DELETED, status_reason=BLOCKED_BY_OPERATOR
    )
    if block is not None:
        block.pk, block.portal = None, portal
        block.save(force_insert=True)


def _erase_logs(portal: Portal) -> int:
    """Some of what is written down about a portal; returns how many rows went."""
    content_type = ContentType.objects.get_for_model(Portal)
    for rows in (
        PortalEvent.objects.filter(member_id=portal.member_id),
        ApiCall.objects.filter(portal=portal),
        ApiCall.objects.filter(portal=None, host=portal.domain),
        LogEntry.objects.filter(content_type=content_type, object_id=str(portal.pk)),
    ):
        if deleted := erasing.delete_some(rows):
            return deleted
    return 0


def due_for_erasure(limit: int, *, but_not: Collection[int] = ()) -> list[int]:
    """Ids of portals whose time is over, those first that wait longest."""
    due = _due(timezone.now()).exclude(pk__in=but_not)
    return list(due.order_by("erase_due_at").values_list("pk", flat=True)[:limit])


def _due(moment: datetime) -> "QuerySet[Portal]":
    """Portals that left and whose retention is over, and parked ones for which nobody came: no administrator, nor
    anybody else whom the portal itself let in.

    A pair that was refused with `INVALID_CLIENT`, and renewed by nothing for as long as that takes, does not live.
    """
    refused = Q(last_error=INVALID_CLIENT, refreshed_at__lte=moment - UNCONFIRMED_TERM)
    living = PortalToken.objects.alive().filter(~refused, portal=OuterRef("pk"))
    unused = Q(last_used_at=None) | Q(last_used_at__lte=moment - UNCONFIRMED_TERM)
    blocked = Q(status=Portal.Status.BLOCKED) & ~Q(status_reason=BLOCKED_BY_OPERATOR)
    parked = blocked & unused & ~Exists(living)
    return Portal.objects.filter(Q(status=Portal.Status.DELETED) | parked, erase_due_at__lte=moment)
