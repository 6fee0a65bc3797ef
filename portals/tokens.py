"""Tokens of portals: stored pairs, single-flight refresh, a fresh access token for whoever needs one.

A refresh token is single use. At most one process anywhere spends it: the one that holds the lease on its row.
"""

import time
from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from portals import gateway
from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.bitrix24.payloads import TokenPair
from portals.models import Portal, PortalToken
from portals.schedule import refresh_due_at

log = structlog.get_logger(__name__)

# An access token this close to its end is treated as ended (the official SDKs keep the same reserve).
EXPIRY_RESERVE = timedelta(seconds=30)
# Longer than a refresh may take (see REFRESH_DEADLINE), so only a process that died loses its lease.
LEASE = timedelta(seconds=60)
REFRESH_DEADLINE = 15.0
_POLL_SECONDS = 0.05


class NoToken(Exception):
    """The portal has no token that still works; an administrator's open or install brings a new one."""


class RefreshPending(Exception):
    """Another process is refreshing this token and was not done before the deadline."""


def store(
    portal: Portal, user_id: int, access_token: str, refresh_token: str, expires_at: datetime
) -> PortalToken:
    """Store a *proved* pair of an administrator, over whatever was known of that person before."""
    now = timezone.now()
    values = {
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_at": expires_at,
        "refresh_due_at": refresh_due_at(expires_at, last_used_at=now),
        "leased_until": None,
        "failures": 0,
        "last_error": "",
        "refreshed_at": now,
        "dead_at": None,
    }
    with transaction.atomic():
        token, created = PortalToken.objects.select_for_update().get_or_create(
            portal=portal, user_id=user_id, defaults=values
        )
        if not created:
            PortalToken.objects.filter(pk=token.pk).update(generation=F("generation") + 1, **values)
            token.refresh_from_db()
    return token


def access_token(portal: Portal, *, deadline: float = REFRESH_DEADLINE) -> str:
    """An access token of ``portal`` that is valid now; refreshes first if need be, ``deadline`` in seconds.

    Raises: NoToken, RefreshPending, Bitrix24Error of the authorization server.
    """
    token = portal.tokens.alive().order_by("-refreshed_at").first()
    if token is None:
        raise NoToken(portal.member_id)
    if token.valid_at(timezone.now() + EXPIRY_RESERVE):
        return token.access_token
    return refresh(token.pk, spent_generation=token.generation, deadline=deadline).access_token


def refresh(token_id: int, *, spent_generation: int, deadline: float = REFRESH_DEADLINE) -> PortalToken:
    """Replace the pair of generation ``spent_generation``, or wait until whoever does that is done.

    ``deadline`` is in seconds. Returns the token with a newer pair.
    Raises: NoToken, RefreshPending, Bitrix24Error.
    """
    give_up = time.monotonic() + deadline
    while True:
        if _claim(token_id, spent_generation):
            return _spend(token_id, spent_generation)
        token = _read(token_id)
        if token.generation != spent_generation:
            return token
        if time.monotonic() >= give_up:
            raise RefreshPending(str(token))
        time.sleep(_POLL_SECONDS)


def _claim(token_id: int, generation: int) -> bool:
    """Take the lease on a pair: one conditional UPDATE, so that one process alone can win."""
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    rows = PortalToken.objects.alive().filter(free, pk=token_id, generation=generation)
    return bool(rows.update(leased_until=now + LEASE))


def _read(token_id: int) -> PortalToken:
    token = PortalToken.objects.alive().filter(pk=token_id).first()
    if token is None:
        raise NoToken(f"token {token_id} is gone")
    return token


def _spend(token_id: int, generation: int) -> PortalToken:
    token = PortalToken.objects.select_related("portal").get(pk=token_id)
    try:
        pair = gateway.authorization_server().refresh(token.refresh_token, deadline=REFRESH_DEADLINE)
    except Bitrix24Error as error:
        return _failed(token, generation, error)
    if pair.member_id != token.portal.member_id:
        log.error("refresh_refused", reason="foreign_member_id", portal=token.portal.member_id)
        _bury(token, generation, "foreign_member_id")
        raise NoToken(str(token))
    return _save(token, generation, pair)


def _save(token: PortalToken, generation: int, pair: TokenPair) -> PortalToken:
    """Commit the new pair alone and at once: what is lost between answer and commit is lost for good."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=pair.expires_in)
    saved = PortalToken.objects.filter(pk=token.pk, generation=generation).update(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_at=expires_at,
        refresh_due_at=refresh_due_at(expires_at, last_used_at=token.portal.last_used_at),
        generation=F("generation") + 1,
        leased_until=None,
        failures=0,
        last_error="",
        refreshed_at=now,
    )
    if not saved:
        # An install stored a newer pair meanwhile; that one counts.
        log.warning("refresh_superseded", portal=token.portal.member_id)
    else:
        log.info("token_refreshed", portal=token.portal.member_id)
    return _read(token.pk)


def _failed(token: PortalToken, generation: int, error: Bitrix24Error) -> PortalToken:
    """Raises ``error`` unless a rival's newer pair makes it void."""
    current = PortalToken.objects.filter(pk=token.pk).first()
    if current is not None and current.generation != generation:
        return current
    log.warning("refresh_failed", portal=token.portal.member_id, reason=error.code)
    if error.disposition is Disposition.TOKEN_DEAD:
        _bury(token, generation, error.code)
        raise error
    PortalToken.objects.filter(pk=token.pk, generation=generation).update(
        leased_until=None,
        failures=F("failures") + 1,
        last_error=error.code,
        refresh_due_at=_next_try(token.failures, error),
    )
    raise error


def _next_try(failures: int, error: Bitrix24Error) -> datetime:
    seconds = max(error.retry_after or 0, min(30 * 2**failures, 3600))
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _bury(token: PortalToken, generation: int, reason: str) -> None:
    """The pair never works again. A portal whose last pair died is blocked until an administrator comes."""
    PortalToken.objects.filter(pk=token.pk, generation=generation).update(
        dead_at=timezone.now(), leased_until=None, last_error=reason
    )
    if token.portal.status == Portal.Status.ACTIVE and not token.portal.tokens.alive().exists():
        token.portal.block("token_dead")
