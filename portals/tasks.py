"""Celery tasks: each takes ids, calls one service and may run twice."""

import time
from collections.abc import Sequence
from typing import Any

import redis
import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from portals import counts, dispatch, installs, journal, presence, signals, tokens, uninstalls
from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.consequences import SOON
from portals.events import inbox, spool, wakeups, work
from portals.handlers import BindingFailed
from portals.models import Portal
from portals.shared import absence
from portals.tokens import NoToken, RefreshPending

log = structlog.get_logger(__name__)

# Tokens of one message: few enough to spread over all threads, enough that the broker is not half of the work.
_TOGETHER = 4
_PATIENCE = 30.0


@shared_task(bind=True, max_retries=5)
def reconcile_handlers(self: "Task[Any, Any]", portal_id: int) -> None:
    """Bind on a portal what a new version of the application dropped."""
    portal = Portal.objects.filter(pk=portal_id, status=Portal.Status.ACTIVE).first()
    if portal is None:
        return
    try:
        installs.reconcile(portal)
    except (NoToken, BindingFailed) as error:
        log.warning("reconcile_failed", portal=portal.member_id, reason=str(error))
    except RefreshPending as error:
        raise self.retry(exc=error, countdown=error.retry_after) from None
    except Bitrix24Error as error:
        log.warning("reconcile_failed", portal=portal.member_id, reason=error.code)
        if error.disposition is Disposition.RETRY_LATER:
            raise self.retry(exc=error, countdown=SOON.wait(self.request.retries, error)) from None


# Both limits bind in process pools; in threads the deadline of the request does, see docs/tokens.md.
@shared_task(acks_late=True, soft_time_limit=25, time_limit=30)
def refresh_due_tokens() -> None:
    """The scheduler's tick: hand out the tokens that are due."""
    for ids in dispatch.claim_due():
        hand_out(ids)


@shared_task(acks_late=True, soft_time_limit=50, time_limit=60)
def refresh_tokens(*token_ids: int) -> None:
    """Refresh those that are still due, one after the other; what a failure means is settled by the service.

    When time is up the rest is left to the end of its lease.
    """
    give_up = time.monotonic() + _PATIENCE
    for token_id in token_ids:
        if time.monotonic() < give_up:
            try:
                tokens.refresh_due(token_id)
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


# Portals a run of a periodic task takes on; what is left waits for the next run.
_A_RUN = 50


@shared_task
def dispatch_events() -> None:
    """Hand due events to workers: called by the first event of a burst, and by beat for what was missed."""
    # First the mark, then the look: an event stored after the look finds no mark and calls again.
    wakeups.answer()
    spool.drain(inbox.receive)
    while found := inbox.dispatchable():
        for event_id in found:
            enqueue(process_event, event_id)


@shared_task
def process_event(event_id: int) -> None:
    """Process one event; a failed one comes back by its own due time."""
    seconds = work.process(event_id)
    if seconds is not None:
        enqueue(dispatch_events, countdown=seconds)


@shared_task
def reconcile_stale() -> None:
    """Heal handlers that are not those declared today, a few portals at a time."""
    for portal_id in installs.stale(_A_RUN):
        enqueue(reconcile_handlers, portal_id)


@shared_task
def check_presence() -> None:
    """Look, gently, at portals nobody has heard of for a day."""
    for portal_id in presence.due(_A_RUN):
        presence.check(Portal.objects.get(pk=portal_id))


@shared_task
def erase_due() -> None:
    """Erase what uninstalled portals left, once their retention is over."""
    for portal_id in uninstalls.due_for_erasure(_A_RUN):
        uninstalls.erase(portal_id)


@shared_task
def prune_logs() -> None:
    """Delete logged calls, finished events and counts that are older than they have to be."""
    log.info("logs_pruned", calls=journal.prune(), events=inbox.prune(), counts=counts.prune())


@shared_task
def store_counts() -> None:
    """Copy today's counts from Redis into the database."""
    counts.store()


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
