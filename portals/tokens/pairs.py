"""Tokens of portals: stored pairs, single-flight refresh, a fresh access token for whoever needs one."""

import time
from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from portals.bitrix24.errors import Bitrix24Error, TokenDead
from portals.infrastructure.database import give_back
from portals.models import Portal, PortalToken
from portals.outgoing import consequences
from portals.outgoing.consequences import Effect, Source
from portals.tokens import dispatch
from portals.tokens import refresh as attempt
from portals.tokens.refresh import DEADLINE, NoToken
from portals.tokens.schedule import refresh_due_at

__all__ = ["DEADLINE", "NoToken", "RefreshPending", "access_token", "current", "refresh", "store"]

log = structlog.get_logger(__name__)

# An access token this close to its end is treated as ended (the official SDKs keep the same reserve).
EXPIRY_RESERVE = timedelta(seconds=30)
_POLL_SECONDS = 0.05


class RefreshPending(Exception):
    """No new token yet: a rival is still at it, or the last try failed. Ask in ``retry_after`` seconds."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def store(
    portal: Portal, user_id: int, access_token: str, refresh_token: str, expires_at: datetime
) -> PortalToken:
    """Store a *proved* pair of an administrator, over what was known of that person before, unless that is newer.

    ``expires_at`` is the authorization server's word on the access token. Returns the primary token of the portal
    from now on, with that pair or the one that follows it already.
    """
    now = timezone.now()
    values = {
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_at": expires_at,
        "refresh_due_at": refresh_due_at(expires_at, last_used_at=now),
        "leased_until": None,
        "spending_since": None,
        "failures": 0,
        "last_error": "",
        "refreshed_at": now,
        "stored_at": now,
        "dead_at": None,
    }
    with transaction.atomic():
        attempt.hold(portal)
        token, created = PortalToken.objects.select_for_update().get_or_create(
            portal=portal, user_id=user_id, defaults=values
        )
        if not created and _follows(token, refresh_token, expires_at):
            values = {"stored_at": now, "last_error": token.last_error if token.failures else ""}
            PortalToken.objects.filter(pk=token.pk).update(**values)
            expect_use(portal)
        elif not created:
            PortalToken.objects.filter(pk=token.pk).update(generation=F("generation") + 1, **values)
        token.refresh_from_db()
        for other in portal.tokens.alive().exclude(pk=token.pk).only("portal", "expires_at"):
            due = refresh_due_at(other.expires_at, last_used_at=now, secondary=True)
            PortalToken.objects.filter(pk=other.pk, failures=0).update(refresh_due_at=due)
    return token


def _follows(stored: PortalToken, refresh_token: str, expires_at: datetime) -> bool:
    """Whether the stored pair lives and is the posted one, or a later one of that person.

    A form can be sent again. Then its access token is still good, and its refresh token may have been spent for the
    stored pair, or be on the way. Who got an access token later has one that ends later: all live equally long.
    """
    refused = stored.failures and stored.last_error in attempt.REFUSALS
    if stored.dead_at or refused:
        return False
    same = constant_time_compare(stored.refresh_token, refresh_token)
    return same or stored.expires_at > expires_at


def access_token(portal: Portal, *, deadline: float = DEADLINE) -> str:
    """An access token of ``portal`` that is valid now; refreshes first if need be, ``deadline`` in seconds.

    Raises: NoToken, RefreshPending, Bitrix24Error of the authorization server.
    """
    token: str = current(portal, deadline=deadline).access_token
    return token


def current(portal: Portal, *, deadline: float = DEADLINE) -> PortalToken:
    """The portal's token with a valid access token: its primary one, or another if that is dead.

    Raises: NoToken, RefreshPending, Bitrix24Error of the authorization server.
    """
    for token in portal.tokens.alive().order_by("-stored_at"):
        if token.valid_at(timezone.now() + EXPIRY_RESERVE):
            return token
        try:
            return refresh(token.pk, spent_generation=token.generation, deadline=deadline)
        except (NoToken, TokenDead):
            continue
    raise NoToken(portal.member_id)


def refresh(token_id: int, *, spent_generation: int, deadline: float = DEADLINE) -> PortalToken:
    """Replace the pair of generation ``spent_generation``, or wait until whoever does that is done.

    ``deadline`` is in seconds. Returns the token with a newer pair.
    Raises: NoToken, RefreshPending, Bitrix24Error.
    """
    give_up = time.monotonic() + deadline
    while True:
        taken = attempt.take(token_id, spent_generation)
        if taken is not None:
            return attempt.spend(taken)
        token = PortalToken.objects.alive().filter(pk=token_id).first()
        if token is None or attempt.bury_if_interrupted(token_id):
            raise NoToken(f"token {token_id} is gone")
        if token.generation != spent_generation:
            return token
        if token.spending_since is None and token.failures:
            raise RefreshPending(token.last_error, _seconds_until(token.refresh_due_at))
        if time.monotonic() >= give_up:
            raise RefreshPending("deadline_exceeded", _seconds_until(token.leased_until))
        give_back()
        time.sleep(_POLL_SECONDS)


def refresh_due(token_id: int) -> None:
    """Refresh a token if it is due and nobody else is at it; what a failure means is settled here.

    Raises: Bitrix24Error.
    """
    taken = attempt.take(token_id)
    if taken is not None:
        attempt.spend(taken)
    else:
        attempt.bury_if_interrupted(token_id)


def make_due(portals: Collection[Portal]) -> list[int]:
    """Make every living token of ``portals`` due at once, whatever it waits for; returns their ids.

    Those that somebody is changing at this very moment are left to that.
    """
    rows = PortalToken.objects.alive().filter(portal__in=portals, spending_since=None)
    with transaction.atomic():
        ids = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        now = {"refresh_due_at": timezone.now(), "leased_until": Now() + dispatch.LEASE, "failures": 0}
        PortalToken.objects.filter(pk__in=ids).update(**now)
    return ids


def unrefused(portal: Portal) -> bool:
    """Whether there is a living token left that neither server has refused."""
    return portal.tokens.alive().exclude(last_error__in=attempt.REFUSALS).exists()


def refused_by_portal(token: PortalToken, error: Bitrix24Error) -> None:
    """Carry out what ``error``, a portal's answer to a call with ``token``, means for token and portal."""
    row = consequences.consequence_of(error, Source.PORTAL)
    if row.effect is Effect.TOKEN_REFUSED:
        attempt.pass_over(token, error.code, row.reason)
    else:
        consequences.carry_out(token.portal, row)


def expect_use(portal: Portal) -> None:
    """Somebody uses the portal: its primary token is to be fresh from now on, not merely kept alive."""
    token = portal.tokens.alive().order_by("-stored_at").only("portal", "expires_at").first()
    if token is None:
        return
    due = refresh_due_at(token.expires_at, last_used_at=timezone.now())
    earlier = PortalToken.objects.alive().filter(pk=token.pk, failures=0, refresh_due_at__gt=due)
    earlier.update(refresh_due_at=due)


def _seconds_until(moment: datetime | None) -> float:
    seconds = (moment - timezone.now()).total_seconds() if moment else 0.0
    return max(1.0, seconds)
