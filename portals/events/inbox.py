"""The inbox: accept an event once, within milliseconds; do what it asks for later, as often as it takes.

Bitrix24 sends every event once and never again, so what was accepted is stored before it is answered.
"""

import hashlib
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from portals.bitrix24.payloads import EventRequest
from portals.events import registry, store
from portals.events.store import NewEvent
from portals.models import EventCredentials, Portal, PortalEvent

log = structlog.get_logger(__name__)

# How long a dispatched event may wait for a worker before it is dispatched again.
_REDISPATCH = timedelta(minutes=5)
_LATEST_SENT = 4_102_444_800  # the year 2100: what claims to be later is no time
_PRUNE = 2_000
# Events of portals nobody knows, which anybody can send, that may wait at once.
MOST_STRANGERS = 200


class Receipt(StrEnum):
    """What became of an event at the door."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    MERGED = "merged"  # as many of its kind wait already as make sense
    UNKNOWN = "unknown"  # acknowledged and counted


def receive(event: EventRequest) -> Receipt:
    """Accept an event or refuse it. No call outward. Raises: EventRefused."""
    kind = registry.find(event.event)
    if kind is None:
        return Receipt.UNKNOWN
    portal, waiting = store.find_portal(event.auth.member_id, event.event, most=kind.most_waiting)
    kind.authenticate(event, portal)
    if portal is None and store.strangers_waiting(most=MOST_STRANGERS) >= MOST_STRANGERS:
        raise registry.EventRefused("inbox_full", 503)
    if waiting >= kind.most_waiting:
        return Receipt.MERGED
    stored = store.insert(
        NewEvent(
            portal=portal,
            member_id=event.auth.member_id,
            event=event.event,
            sent_at=_moment(event.ts),
            data=_plain(event.data),
            dedup_key=_key(event),
            credentials=event.auth if kind.keeps_credentials and event.auth.access_token else None,
        )
    )
    if stored:
        return Receipt.STORED
    log.warning("event_repeated", portal=event.auth.member_id, event_code=event.event)
    return Receipt.DUPLICATE


def dispatchable(limit: int = 200) -> list[int]:
    """Ids of due events, claimed for whoever asked: nobody else gets them for the next minutes."""
    now = timezone.now()
    with transaction.atomic():
        due = PortalEvent.objects.due(now).select_for_update(skip_locked=True).order_by("due_at")
        found = list(due.values_list("pk", flat=True)[:limit])
        PortalEvent.objects.filter(pk__in=found).update(due_at=now + _REDISPATCH)
    return found


def claim(event_id: int, *, seconds: float) -> PortalEvent | None:
    """Take a waiting event for ``seconds``: one conditional UPDATE, so that one worker alone has it."""
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    claimed = (
        PortalEvent.objects.pending()
        .filter(free, pk=event_id)
        .update(leased_until=now + timedelta(seconds=seconds), attempts=F("attempts") + 1)
    )
    return PortalEvent.objects.select_related("portal").get(pk=event_id) if claimed else None


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
            leased_until=None,
            processed_at=timezone.now(),
            # An install event of an unknown portal has one now.
            portal=Portal.objects.filter(member_id=event.member_id).values("pk")[:1],
        )


def _is_known(member_id: str) -> bool:
    return Portal.objects.filter(member_id=member_id).exists()


def postpone(event: PortalEvent, reason: str, seconds: float | None) -> float:
    """Let it wait; returns seconds, jittered. Shown as failing from its second failure on."""
    delay = seconds if seconds is not None else min(15 * 2**event.attempts, 3600)
    delay *= random.uniform(1, 1.2)  # noqa: S311
    PortalEvent.objects.filter(pk=event.pk).update(
        reason=reason[:64], leased_until=None, due_at=timezone.now() + timedelta(seconds=delay)
    )
    return delay


def requeue(event_ids: list[int]) -> int:
    """The operator's "try again" for what was given up; returns how many."""
    return PortalEvent.objects.filter(pk__in=event_ids, status=PortalEvent.Status.FAILED).update(
        status=PortalEvent.Status.PENDING, attempts=0, processed_at=None, due_at=timezone.now()
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
