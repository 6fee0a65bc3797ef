"""Celery tasks: each takes ids, calls one service and may run twice."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import redis
import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from portals.bitrix24.errors import Bitrix24Error
from portals.incoming.events import inbox, spool, work
from portals.incoming.events.wakeups import Wakeups
from portals.infrastructure import call_log, daily_counts
from portals.infrastructure.shared import absence, broker_client
from portals.lifecycle import install, payments, presence, uninstall
from portals.lifecycle.bindings import BindingFailed
from portals.models import Portal, signals
from portals.tokens import dispatch, pairs
from portals.tokens.pairs import NoToken, RefreshPending

log = structlog.get_logger(__name__)

# Tokens of one message: few enough to spread over all threads, enough that the broker is not half of the work.
_TOGETHER = 4
_PATIENCE = 30.0
# Seconds that a tick goes on while tokens are due, and between two looks at a queue that is full.
_TICK = 20.0
_PAUSE = 0.5
# Messages that wait at once: enough to keep many workers busy until the next tick, few enough that a million
# portals do not fill the broker.
_WAITING = 1000


@shared_task
def reconcile_handlers(portal_id: int) -> None:
    """Bind on a portal what a new version of the application dropped; what fails comes back by the sweep."""
    portal = Portal.objects.filter(pk=portal_id, status=Portal.Status.ACTIVE).first()
    if portal is None:
        return
    try:
        install.reconcile(portal)
    except (NoToken, RefreshPending, BindingFailed) as error:
        log.warning("reconcile_failed", portal=portal.member_id, reason=str(error))
    except Bitrix24Error as error:
        log.warning("reconcile_failed", portal=portal.member_id, reason=error.code)


# Both limits bind in process pools; in threads the deadline of the request does, see docs/tokens.md.
@shared_task(soft_time_limit=25, time_limit=30)
def refresh_due_tokens() -> None:
    """The scheduler's tick: hand out the tokens that are due, as fast as the workers take them."""
    give_up = time.monotonic() + _TICK
    for ids in dispatch.claim_due():
        hand_out(ids)
        while _length("tokens") >= _WAITING:
            if time.monotonic() > give_up:
                return
            time.sleep(_PAUSE)


@shared_task(soft_time_limit=50, time_limit=60)
def refresh_tokens(*token_ids: int) -> None:
    """Refresh those that are still due, one after the other; what a failure means is settled by the service.

    When time is up the rest is left to the end of its lease.
    """
    give_up = time.monotonic() + _PATIENCE
    for token_id in token_ids:
        if time.monotonic() < give_up:
            try:
                pairs.refresh_due(token_id)
            except (Bitrix24Error, NoToken):
                continue
            except Exception:
                log.exception("refresh_tripped", token=token_id)


def hand_out(token_ids: Sequence[int]) -> None:
    """Tell the workers to refresh due tokens; one that nobody gets to before its lease ends is handed out again."""
    with refresh_tokens.app.producer_or_acquire() as producer:
        for start in range(0, len(token_ids), _TOGETHER):
            ids = token_ids[start : start + _TOGETHER]
            enqueue(refresh_tokens, *ids, producer=producer, expires=dispatch.LEASE.total_seconds())


@shared_task
def dispatch_events() -> None:
    """Hand due events to workers: called soon after events were stored, and by beat for all that waits."""
    spool.drain(inbox.receive)
    while found := inbox.dispatchable():
        for event_id, attempts in found:
            enqueue(process_event, event_id, attempts, expires=inbox.HANDED_OUT.total_seconds())


# With more than this before it a call of the dispatcher can wait, and a broker without workers is not filled.
_CALLS = 20


def call_dispatcher() -> bool:
    """Have due events handed out at once; False, and nothing is done, while the workers are busy anyway."""
    if _length("celery") > _CALLS:
        return False
    enqueue(dispatch_events)
    return True


_WAKEUPS = Wakeups(call_dispatcher)


@receiver(signals.event_stored)
def _wake_dispatcher(**_: Any) -> None:
    _WAKEUPS.event_stored()


@shared_task
def process_event(event_id: int, attempts: int) -> None:
    """Process one event that had been taken ``attempts`` times; a failed one comes back by its own due time."""
    work.process(event_id, attempts)


@shared_task
def reconcile_stale() -> None:
    """Heal handlers that are not those declared today."""
    _hand_out_portals(reconcile_handlers, install.claim_stale)


@shared_task
def check_payment(portal_id: int) -> None:
    """Ask a portal that counts as unpaid whether it has paid; without an answer it stays as it is."""
    portal = Portal.objects.filter(pk=portal_id, status_reason=payments.UNPAID).first()
    if portal is None:
        return
    try:
        payments.check(portal)
    except (NoToken, RefreshPending) as error:
        log.warning("payment_unknown", portal=portal.member_id, reason=str(error))
    except Bitrix24Error as error:
        log.warning("payment_unknown", portal=portal.member_id, reason=error.code)


@receiver(signals.perhaps_paid)
def _check_payment_later(sender: type[Portal], portal: Portal, **_: Any) -> None:
    enqueue(check_payment, portal.pk)


@shared_task
def check_presence() -> None:
    """Look, gently, at portals nobody has heard of for a day."""
    _hand_out_portals(check_portal, presence.claim_due)


@shared_task
def check_portal(portal_id: int) -> None:
    """Look at one portal."""
    portal = Portal.objects.filter(pk=portal_id).first()
    if portal is not None:
        presence.check(portal)


# Redis serves lower numbers first: what came from outside goes before what we do by the clock.
_BACKGROUND = 9
_PORTION = 100


def _hand_out_portals(task: "Task[Any, Any]", claim: Callable[[int], list[int]]) -> None:
    """A message a portal, as many as workers take: so one that fails or hangs holds up no other."""
    while background_length() < _WAITING and (found := claim(_PORTION)):
        for portal_id in found:
            enqueue(task, portal_id, priority=_BACKGROUND)


def background_length() -> int:
    """How many messages wait that yield to all others. Without a broker: more than enough."""
    return _length(f"celery\x06\x16{_BACKGROUND}")  # kombu's name for a priority of a queue


def _length(queue: str) -> int:
    try:
        length: Any = broker_client().llen(queue)
    except redis.RedisError:
        return _WAITING
    return int(length)


# Seconds a run may take: until the next tick.
_RUN = 50.0


@shared_task
def erase_due() -> None:
    """Erase what uninstalled portals left, once their retention is over."""
    give_up = time.monotonic() + _RUN
    failed: list[int] = []
    while time.monotonic() < give_up and (found := uninstall.due_for_erasure(1, but_not=failed)):
        try:
            uninstall.erase(found[0])
        except Exception:  # one portal that trips us must not keep the others
            log.exception("erase_failed", portal_id=found[0])
            failed += found


@shared_task
def prune_logs() -> None:
    """Delete logged calls, finished events and counts that are older than they have to be."""
    log.info("logs_pruned", calls=call_log.prune(), events=inbox.prune(), counts=daily_counts.prune())


@receiver([signals.version_drifted, signals.handlers_stale])
def _reconcile_later(sender: type[Portal], portal: Portal, **_: Any) -> None:
    transaction.on_commit(lambda: enqueue(reconcile_handlers, portal.pk))


def enqueue(task: "Task[Any, Any]", *ids: int, **options: Any) -> None:
    """Hand a task to the workers; a broker that is away costs the task, never the page that asked for it."""
    try:
        with absence(settings.CELERY_BROKER_URL).attempt():
            task.apply_async(ids, retry=False, **options)
    except (OperationalError, redis.ConnectionError) as error:
        log.error("broker_unavailable", task=task.name, reason=type(error).__name__)
