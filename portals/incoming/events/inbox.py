"""The inbox: accept an event once, within milliseconds; do what it asks for later, as often as it takes.

Bitrix24 sends every event once and never again, so what was accepted is stored before it is answered.
"""

import hashlib
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from structlog.contextvars import get_contextvars

from portals.bitrix24.payloads import EventRequest
from portals.incoming.events import proof, registry, store
from portals.incoming.events.registry import EventRefused
from portals.incoming.events.store import NewEvent
from portals.models import EventCredentials, Portal, PortalEvent
from portals.outgoing import suspicion

log = structlog.get_logger(__name__)

# How long an event that was handed out may wait for a worker before it is handed out again.
HANDED_OUT = timedelta(minutes=5)
# Seconds between two attempts, at most.
LONGEST_WAIT = 3600
_LATEST_SENT = 4_102_444_800  # the year 2100: what claims to be later is no time
_PRUNE = 2_000
# Events of portals nobody knows, which anybody can send, that may wait at once from one sender.
MOST_STRANGERS = 200
# How many times the room of one sender all of them have together.
SENDERS = 10


class Receipt(StrEnum):
    """What became of an event at the door."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    MERGED = "merged"  # one that waits already says the same
    UNKNOWN = "unknown"  # acknowledged and counted


def receive(event: EventRequest, sender: str = "") -> Receipt:
    """Accept an event of a network, empty if unknown, or refuse it. No call outward. Raises: EventRefused."""
    kind = registry.find(event.event)
    if kind is None:
        return Receipt.UNKNOWN
    most = kind.most_waiting
    portal, waiting = store.find_portal(event.auth.member_id, event.event, sender, most=most * SENDERS)
    kind.authenticate(event, portal)
    gist = kind.gist(event.data)
    if gist is not None and waiting.of_all and store.merge(event.auth.member_id, event.event, gist):
        return Receipt.MERGED
    _need_room(waiting, most)
    if portal is None:
        _need_room(store.strangers_waiting(sender, most=MOST_STRANGERS * SENDERS), MOST_STRANGERS)
    if not (portal and proof.has_application_token(event, portal)) and suspicion.failed_too_often(sender):
        raise EventRefused("too_many_failures", 429)
    stored = store.insert(
        NewEvent(
            portal=portal,
            member_id=event.auth.member_id,
            event=event.event,
            sent_at=_moment(event.ts),
            data=_plain(event.data if gist is None else gist),
            dedup_key=_key(event),
            sender=sender,
            request_id=str(get_contextvars().get("request_id", "")),
            credentials=event.auth if kind.keeps_credentials and event.auth.access_token else None,
        )
    )
    if stored:
        return Receipt.STORED
    log.warning("event_repeated", portal=event.auth.member_id, event_code=event.event)
    return Receipt.DUPLICATE


def _need_room(waiting: store.Waiting, most: int) -> None:
    """Raises: EventRefused. What differs is never taken for something else, so it is refused, aloud."""
    if waiting.of_sender >= most or waiting.of_all >= most * SENDERS:
        raise EventRefused("inbox_full", 503)


def dispatchable(limit: int = 200) -> list[tuple[int, int]]:
    """Due events as (id, attempts so far), leased for whoever asked: nobody else gets them for the next minutes."""
    now = timezone.now()
    with transaction.atomic():
        due = PortalEvent.objects.due(now).free(now).select_for_update(skip_locked=True).order_by("due_at")
        found = list(due.values_list("pk", "attempts")[:limit])
        PortalEvent.objects.filter(pk__in=[pk for pk, _ in found]).update(leased_until=now + HANDED_OUT)
    return found


def claim(event_id: int, attempts: int, *, seconds: float) -> PortalEvent | None:
    """Take a due event for ``seconds``: one conditional UPDATE, so that one worker alone has it.

    ``attempts`` is how often it had been taken when it was handed out: an older message about it finds nothing.
    """
    now = timezone.now()
    due = PortalEvent.objects.due(now).filter(pk=event_id, attempts=attempts)
    if not due.update(leased_until=now + timedelta(seconds=seconds), attempts=F("attempts") + 1):
        return None
    return PortalEvent.objects.select_related("portal").get(pk=event_id)


def finish(event: PortalEvent, outcome: registry.Outcome) -> None:
    """Write the outcome; tokens that came with the event go with it. What a stranger forged leaves no row."""
    if outcome.status == PortalEvent.Status.REFUSED and not _is_known(event.member_id):
        event.delete()
        return
    with transaction.atomic():
        EventCredentials.objects.filter(event_id=event.pk).delete()
        PortalEvent.objects.filter(pk=event.pk).update(
            status=outcome.status,
            reason=outcome.reason[:64],
            sender="",
            leased_until=None,
            processed_at=timezone.now(),
            # An install event of an unknown portal has one now.
            portal=Portal.objects.filter(member_id=event.member_id).values("pk")[:1],
        )


def _is_known(member_id: str) -> bool:
    return Portal.objects.filter(member_id=member_id).exists()


def postpone(event: PortalEvent, reason: str, at_least: float) -> None:
    """Let it wait after a failure, ``at_least`` so many seconds. Counts as failing from its second failure on."""
    delay = max(at_least, min(15 * 2 ** min(event.failures, 16), LONGEST_WAIT))
    _wait(event, reason, delay * random.uniform(1, 1.2))  # noqa: S311


def look_again(event: PortalEvent, reason: str, seconds: float) -> None:
    """Nothing failed, but the answer may be another one in ``seconds``."""
    _wait(event, reason, seconds, looks=F("looks") + 1)


def _wait(event: PortalEvent, reason: str, seconds: float, **changes: Any) -> None:
    due_at = timezone.now() + timedelta(seconds=seconds)
    PortalEvent.objects.filter(pk=event.pk).update(
        reason=reason[:64], leased_until=None, due_at=due_at, **changes
    )


def requeue(event_ids: list[int]) -> int:
    """The operator's "try again" for what was given up; returns how many.

    Not for an event that nothing proves any more: its tokens went when it was given up.
    """
    failed = PortalEvent.objects.filter(pk__in=event_ids, status=PortalEvent.Status.FAILED)
    return failed.exclude(event__in=registry.proved_by_credentials(), credentials=None).update(
        status=PortalEvent.Status.PENDING,
        attempts=0,
        looks=0,
        leased_until=None,
        processed_at=None,
        due_at=timezone.now(),
    )


def prune() -> int:
    """Delete finished events older than the retention, in batches; returns how many."""
    limit = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    total = 0
    while True:
        old = PortalEvent.objects.filter(received_at__lt=limit).exclude(status="pending")
        deleted, _ = PortalEvent.objects.filter(
            pk__in=old.order_by("received_at").values("pk")[:_PRUNE]
        ).delete()
        total += deleted
        if deleted < _PRUNE:
            return total


def _key(event: EventRequest) -> str:
    """Equal for two deliveries of one event. Its tokens are in it, so that a forgery cannot take a real
    event's place; the handler's id is not, since card and binding may both deliver it."""
    auth = event.auth
    parts = (event.event, event.ts, auth.member_id, auth.application_token, auth.access_token)
    text = json.dumps([*parts, _plain(event.data)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(item) if isinstance(item, Mapping) else item for name, item in value.items()}


def _moment(ts: int | None) -> datetime | None:
    return datetime.fromtimestamp(ts, UTC) if ts is not None and 0 < ts < _LATEST_SENT else None
