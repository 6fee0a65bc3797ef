"""One refresh: take the pair, spend it, settle what comes of it.

A refresh token is single use. It is marked as being spent before it leaves, in the same statement that wins it, so
that no process ever sends one again of which it cannot know what became: the marks of `take` are removed by an
answer, by a failure to get one, and by nothing else.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from django.db import connection
from django.db.models import F
from django.utils import timezone

from portals import consequences, gateway
from portals.bitrix24.errors import Bitrix24Error, CircuitOpen, TokenDead
from portals.bitrix24.payloads import TokenPair
from portals.consequences import Effect, Source
from portals.database import GONE
from portals.fields import unseal
from portals.metrics import counters
from portals.models import Portal, PortalToken
from portals.schedule import refresh_due_at

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Seconds for the request; the lease outlasts it, name resolution and the commit, so only the dead lose theirs.
DEADLINE = 15.0
LEASE = timedelta(seconds=60)
# For the database to come back, once the answer is here.
_PATIENCE = 300.0
_PAUSE = 1.0


class NoToken(Exception):
    """The portal has no token that still works; an administrator's open or install brings a new one."""


def take(token_id: int, generation: int | None = None) -> PortalToken | None:
    """Win the right and duty to spend a pair: one conditional UPDATE, so that one process alone can.

    Without ``generation`` the token must be due, with it the pair must be that one; one that failed lately waits
    until it is due again. The token comes with ``portal`` and ``is_primary``.
    """
    now = timezone.now()
    values = {"id": token_id, "generation": generation, "now": now, "until": now + LEASE}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        row = cursor.fetchone()
    return None if row is None else _taken(row)


# Winning and reading in one statement: nothing can happen in between, and the database works half as much. Columns
# stand in the order of the models, as `from_db` wants them.
_TOKEN_FIELDS = ("id", "portal_id", "user_id", "refresh_token", "generation", "failures")
_PORTAL_FIELDS = (
    *("id", "member_id", "authorization_server"),
    *("status", "status_reason", "installation", "last_used_at"),
)
_TAKE = f"""
    UPDATE portals_portaltoken AS token SET spending_since = %(now)s, leased_until = %(until)s
    FROM portals_portal AS portal
    WHERE token.id = %(id)s AND portal.id = token.portal_id
        AND token.dead_at IS NULL AND token.spending_since IS NULL
        AND token.generation = COALESCE(%(generation)s::int, token.generation)
        AND (token.refresh_due_at <= %(now)s OR (token.failures = 0 AND %(generation)s::int IS NOT NULL))
    RETURNING {", ".join(f"token.{name}" for name in _TOKEN_FIELDS)},
        {", ".join(f"portal.{name}" for name in _PORTAL_FIELDS)},
        NOT EXISTS (
            SELECT FROM portals_portaltoken AS newer
            WHERE newer.portal_id = token.portal_id AND newer.dead_at IS NULL
                AND newer.stored_at > token.stored_at
        )
"""  # noqa: S608 - the names are ours


def _taken(row: tuple[Any, ...]) -> PortalToken:
    """Rows of both tables without the columns that a refresh has no use for; those are deferred."""
    width = len(_TOKEN_FIELDS)
    values = dict(zip(_TOKEN_FIELDS, row[:width], strict=True))
    values["refresh_token"] = unseal(values["refresh_token"])
    token = PortalToken.from_db("default", _TOKEN_FIELDS, list(values.values()))
    token.portal = Portal.from_db("default", _PORTAL_FIELDS, row[width:-1])
    token.is_primary = row[-1]
    return token


def spend(token: PortalToken) -> PortalToken:
    """Exchange the pair of a taken token for a new one.

    Raises: Bitrix24Error with its consequences carried out, unless a newer pair was stored meanwhile.
    """
    started = time.monotonic()
    _lend_connection()
    try:
        pair = gateway.authorization_server(token.portal).refresh(token.refresh_token, deadline=DEADLINE)
        if pair.member_id != token.portal.member_id:
            raise TokenDead("foreign_member_id")
    except Bitrix24Error as error:
        failure = error
    else:
        saved = _save(token, pair)
        counters.refreshed("refreshed", time.monotonic() - started)
        return saved
    counters.refreshed(failure.code, time.monotonic() - started)
    return _patiently(token, lambda: _failed(token, failure))


def bury(token: PortalToken, reason: str) -> None:
    """This pair never works again. A portal whose last pair died is blocked until an administrator comes."""
    rows = PortalToken.objects.alive().filter(pk=token.pk, generation=token.generation)
    buried = rows.update(dead_at=timezone.now(), leased_until=None, spending_since=None, last_error=reason)
    if not buried:
        return
    log.warning("token_died", portal=token.portal.member_id, user=token.user_id, reason=reason)
    heir = token.portal.tokens.alive().order_by("-stored_at").first()
    if heir is None:
        token.portal.block("token_dead")
        return
    due = refresh_due_at(heir.expires_at, last_used_at=token.portal.last_used_at)
    PortalToken.objects.filter(pk=heir.pk, refresh_due_at__gt=due).update(refresh_due_at=due)


def bury_if_interrupted(token_id: int) -> bool:
    """Give a token up whose spender died on the way: its refresh token is gone, and the new one with it.

    The server spends a refresh token it has read, whether or not somebody stays for the answer. Sending it again
    would gain nothing and look like theft of a token.
    """
    now = timezone.now()
    rows = PortalToken.objects.alive().filter(spending_since__lt=now - LEASE)
    token = rows.select_related("portal").filter(pk=token_id).first()
    if token is not None:
        counters.refreshed("refresh_interrupted", None)
        bury(token, "refresh_interrupted")
    return token is not None


def _save(token: PortalToken, pair: TokenPair) -> PortalToken:
    """Commit the new pair, alone and at once: what is lost between answer and commit is lost for good."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=pair.expires_in)
    portal = token.portal
    values = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_at": expires_at,
        "refresh_due_at": refresh_due_at(
            expires_at, last_used_at=portal.last_used_at, secondary=not token.is_primary
        ),
        "failures": 0,
        "last_error": "",
        "refreshed_at": now,
        "dead_at": None,  # given up as interrupted, and yet it came
    }
    if not _commit(token, values):
        # An administrator brought a newer pair meanwhile; that one counts.
        log.warning("refresh_superseded", portal=portal.member_id)
        return PortalToken.objects.get(pk=token.pk)
    log.debug("token_refreshed", portal=portal.member_id)
    for name, value in values.items():
        setattr(token, name, value)
    token.generation += 1
    portal.remember_authorization_server(pair.authorization_server)
    if (
        timezone.now() - now > LEASE / 2
    ):  # another process may have given the token up, and the portal with it
        portal.refresh_from_db(fields=["status", "status_reason"])
    if portal.status == Portal.Status.BLOCKED and portal.status_reason in consequences.DISPROVED_BY_REFRESH:
        portal.recover("token_refreshed", disproved=consequences.DISPROVED_BY_REFRESH)
    return token


def _commit(token: PortalToken, values: dict[str, Any]) -> bool:
    rows = PortalToken.objects.filter(pk=token.pk, generation=token.generation)
    done = {"spending_since": None, "leased_until": None, **values}
    return _patiently(token, lambda: bool(rows.update(generation=F("generation") + 1, **done)))


def _patiently(token: PortalToken, work: Callable[[], T]) -> T:
    """Do ``work`` in the database, whenever that is back: what came of the request is known here and nowhere else.

    Without it the pair would be given up as interrupted.
    """
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            return work()
        except GONE:
            if time.monotonic() > give_up or connection.in_atomic_block:
                raise
            log.warning("refresh_outcome_waits", portal=token.portal.member_id)
            connection.close()
            time.sleep(_PAUSE)


def _failed(token: PortalToken, error: Bitrix24Error) -> PortalToken:
    """Raises ``error`` unless a newer pair makes it void."""
    current = PortalToken.objects.filter(pk=token.pk).first()
    if current is not None and current.generation != token.generation:
        return current
    rows = PortalToken.objects.filter(pk=token.pk, generation=token.generation)
    free = {"spending_since": None, "leased_until": None}
    if isinstance(error, CircuitOpen):
        rows.update(**free)  # never sent: no failure of this token
        raise error
    row = consequences.consequence_of(error, Source.AUTHORIZATION_SERVER)
    log.warning("refresh_failed", portal=token.portal.member_id, reason=error.code, effect=row.effect)
    if row.effect is Effect.TOKEN_DIES:
        bury(token, error.code)
        raise error
    wait = timedelta(seconds=row.patience.wait(token.failures, error))
    rows.update(
        failures=F("failures") + 1, last_error=error.code, refresh_due_at=timezone.now() + wait, **free
    )
    consequences.carry_out(token.portal, row)
    raise error


def _lend_connection() -> None:
    """Give the database connection back for the time of the request: threads outnumber connections."""
    if not connection.in_atomic_block:
        connection.close()
