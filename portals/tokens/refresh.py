"""One refresh: take the pair, spend it, settle what comes of it.

A refresh token is single use. It is marked as being spent before it leaves, in the same statement that wins it, so
that no process ever sends one again of which it cannot know what became: the marks of `take` are removed by an
answer, by whatever this process sees fail instead, and by nothing else.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from django.db import DataError, Error, IntegrityError, connection, transaction
from django.db.models import F, Min
from django.db.models.functions import Now
from django.utils import timezone

from portals.bitrix24.codes import CLASSES
from portals.bitrix24.errors import Bitrix24Error, CircuitOpen, GrantDead, NotAdministrator, TokenDead
from portals.bitrix24.payloads import TokenPair
from portals.infrastructure import database
from portals.infrastructure.metrics import counters
from portals.models import Portal, PortalToken, PortalTokenQuerySet
from portals.models.fields import unseal
from portals.outgoing import consequences, gateway
from portals.outgoing.consequences import SOON, Effect, Source
from portals.tokens.schedule import refresh_due_at

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Seconds for the request; the lease outlasts it, name resolution and the commit, so only the dead lose theirs.
DEADLINE = 15.0
LEASE = timedelta(seconds=60)
# Of a refresh token that nobody renews. Source: Bitrix24 REST docs, "OAuth 2.0".
LIFETIME = timedelta(days=180)
# For the database to come back, once the answer is here.
_PATIENCE = 300.0
_PAUSE = 1.0
# What is wrong with the data stays wrong. Everything else may be over soon: no connection, or one to a server that
# a failover has made read-only.
_FINAL = (DataError, IntegrityError)
_SEALED = ("access_token", "refresh_token", "portal__application_token")
_DEAD = [code for code, cause in CLASSES.items() if issubclass(cause, TokenDead)]
REFUSALS = frozenset([*_DEAD, NotAdministrator.default_code])


class NoToken(Exception):
    """The portal has no token that still works; an administrator's open or install brings a new one."""


def take(token_id: int, generation: int | None = None) -> PortalToken | None:
    """Win the right and duty to spend a pair: one conditional UPDATE, so that one process alone can.

    Without ``generation`` the token must be due, with it the pair must be that one; one that failed lately waits
    until it is due again. The token comes with ``portal`` and ``is_primary``.
    Raises: ImproperlyConfigured if no key opens the pair; then nothing is marked.
    """
    values: dict[str, Any] = {"id": token_id, "generation": generation, "now": timezone.now(), "lease": LEASE}
    # The mark is committed when the pair is open and read: this process can spend what it has won.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        row = cursor.fetchone()
        return None if row is None else _taken(row)


# Winning and reading in one statement: nothing can happen in between, and the database works half as much. Columns
# stand in the order of the models, as `from_db` wants them.
_TOKEN_FIELDS = ("id", "portal_id", "user_id", "refresh_token", "generation", "failures", "refreshed_at")
_PORTAL_FIELDS = (
    *("id", "member_id", "authorization_server"),
    *("status", "status_reason", "installation", "last_used_at"),
)
_TAKE = f"""
    UPDATE portals_portaltoken AS token
    SET spending_since = STATEMENT_TIMESTAMP(), leased_until = STATEMENT_TIMESTAMP() + %(lease)s
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

    Raises: Bitrix24Error with its consequences carried out, unless a newer pair was stored meanwhile; NoToken if
    the portal left meanwhile.
    """
    started = time.monotonic()
    try:
        pair = gateway.authorization_server(token.portal).refresh(token.refresh_token, deadline=DEADLINE)
        if pair.member_id != token.portal.member_id:
            raise GrantDead("foreign_member_id")
    except Bitrix24Error as error:
        failure = error
    except Exception as error:
        # A fault of ours, which every token would meet: like an answer that did not come, it is no reason to bury.
        tripped = f"internal:{type(error).__name__}"[:64]
        _patiently(token, lambda: _postpone(token, tripped, SOON.wait(token.failures, Bitrix24Error())))
        raise
    else:
        saved = _save(token, pair)
        counters.refreshed("refreshed", time.monotonic() - started)
        return saved
    seconds = time.monotonic() - started
    try:
        return _patiently(token, lambda: _failed(token, failure))
    finally:
        counters.refreshed(failure.code, seconds)


@transaction.atomic
def bury(token: PortalToken, reason: str) -> None:
    """This pair never works again. A portal whose last pair died is blocked until an administrator comes."""
    hold(token.portal)
    rows = _pair_of(token).alive()
    if rows.update(dead_at=timezone.now(), leased_until=None, spending_since=None, last_error=reason):
        log.warning("token_died", portal=token.portal.member_id, user=token.user_id, reason=reason)
        _hand_over(token, "token_dead")


@transaction.atomic
def pass_over(token: PortalToken, code: str, reason: str) -> None:
    """This pair is refused with ``code``, but nobody who may has said that it is dead: it is kept, and comes last.

    A portal of which every pair is refused is blocked for ``reason``.
    """
    hold(token.portal)
    last = token.portal.tokens.alive().aggregate(last=Min("stored_at"))["last"]
    if last and _pair_of(token).alive().update(last_error=code, stored_at=last - timedelta(microseconds=1)):
        log.warning("token_refused", portal=token.portal.member_id, user=token.user_id, reason=code)
        _hand_over(token, reason)


def hold(portal: Portal) -> None:
    """Before tokens of a portal are changed by what is known of the others: one at a time decides about them."""
    Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).values_list("pk").first()


def _hand_over(token: PortalToken, reason: str) -> None:
    others = token.portal.tokens.alive().exclude(pk=token.pk).exclude(last_error__in=REFUSALS)
    heir = others.order_by("-stored_at").only("expires_at").first()
    if heir is None:
        token.portal.block(reason)
        return
    due = refresh_due_at(heir.expires_at, last_used_at=token.portal.last_used_at)
    PortalToken.objects.filter(pk=heir.pk, refresh_due_at__gt=due).update(refresh_due_at=due)


def bury_if_interrupted(token_id: int) -> bool:
    """Give a token up whose spender died on the way: its refresh token is gone, and the new one with it.

    The server spends a refresh token it has read, whether or not somebody stays for the answer. Sending it again
    would gain nothing and look like theft of a token.
    """
    rows = PortalToken.objects.alive().filter(spending_since__lt=Now() - LEASE)
    token = rows.select_related("portal").defer(*_SEALED).filter(pk=token_id).first()
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
    stored = _patiently(token, lambda: _commit(token, values))
    # By now: whoever gave the token up, and the portal with it, had done so before the commit took it back.
    _patiently(token, lambda: _learn(portal, pair))
    if not stored:
        # An administrator brought a newer pair meanwhile; that one counts.
        log.warning("refresh_superseded", portal=portal.member_id)
        return _current(token)
    log.debug("token_refreshed", portal=portal.member_id)
    for name, value in values.items():
        setattr(token, name, value)
    token.generation += 1
    return token


def _learn(portal: Portal, pair: TokenPair) -> None:
    portal.remember_authorization_server(pair.authorization_server)
    consequences.disproved_by_refresh(portal)


def _commit(token: PortalToken, values: dict[str, Any]) -> int:
    free = {"spending_since": None, "leased_until": None}
    return _pair_of(token).update(generation=F("generation") + 1, **free, **values)


def _patiently(token: PortalToken, work: Callable[[], T]) -> T:
    """Do ``work`` in the database, whenever that lets us: what came of the request is known here and nowhere else.

    Without it the pair would be given up as interrupted.
    """
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            return work()
        except Error as error:
            if isinstance(error, _FINAL) or time.monotonic() > give_up or connection.in_atomic_block:
                raise
            log.warning("refresh_outcome_waits", portal=token.portal.member_id, reason=type(error).__name__)
        with suppress(Error):
            database.drop()
        time.sleep(_PAUSE)


def _failed(token: PortalToken, error: Bitrix24Error) -> PortalToken:
    """Raises ``error`` unless a newer pair makes it void, NoToken if there is no token any more."""
    stored = PortalToken.objects.filter(pk=token.pk).values_list("generation", flat=True).first()
    if stored != token.generation:
        return _current(token)
    if isinstance(error, CircuitOpen):
        # Never sent: no failure of this token.
        _pair_of(token).update(spending_since=None, leased_until=None, dead_at=None)
        raise error
    row = consequences.consequence_of(error, Source.AUTHORIZATION_SERVER)
    log.warning("refresh_failed", portal=token.portal.member_id, reason=error.code, effect=row.effect)
    refused = row.effect is Effect.TOKEN_REFUSED
    if row.effect is Effect.TOKEN_DIES or (refused and timezone.now() - token.refreshed_at > LIFETIME):
        bury(token, error.code)
        raise error
    _postpone(token, error.code, row.patience.wait(token.failures, error))
    if refused:
        pass_over(token, error.code, row.reason)
    else:
        consequences.carry_out(token.portal, row)
    raise error


def _postpone(token: PortalToken, code: str, seconds: float) -> None:
    """To be tried again in ``seconds``; also if somebody, who saw nothing for long, gave it up as interrupted."""
    due = timezone.now() + timedelta(seconds=seconds)
    free = {"spending_since": None, "leased_until": None, "dead_at": None}
    _pair_of(token).update(failures=F("failures") + 1, last_error=code, refresh_due_at=due, **free)


def _pair_of(token: PortalToken) -> PortalTokenQuerySet:
    """The row, as long as it holds the pair that ``token`` was read with."""
    return PortalToken.objects.filter(pk=token.pk, generation=token.generation)


def _current(token: PortalToken) -> PortalToken:
    """What is stored by now. Raises: NoToken if the portal left."""
    found = PortalToken.objects.filter(pk=token.pk).first()
    if found is None:
        raise NoToken(f"token {token.pk} is gone")
    return found
