"""What is, as opposed to what happened: measured when somebody asks, by indexes or not more than once a minute."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import redis
from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Case, Count, F, Min, Q, Value, When
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from portals.infrastructure import heartbeats
from portals.infrastructure.metrics import counters
from portals.infrastructure.shared import broker_client
from portals.models import Portal, PortalEvent, PortalToken
from portals.outgoing import breaker

# Rows that are counted before the answer is "many": a backlog must not make the scrape slow.
_MOST: Final = 10_000
# Seconds for which a count over a whole table stands.
_FRESH: Final = 60


def collect() -> Iterator[Metric]:
    """Every gauge whose source answers."""
    for source in (_portals, _tokens, _backlog, _events, _queues, _breakers, _heartbeats):
        try:
            yield from source()
        except (DatabaseError, redis.RedisError):
            continue  # its absence is the message; the checks say which service is away


def _portals() -> Iterator[Metric]:
    counts = _once_a_minute("metrics:portals", _count_portals)
    yield _family("chat_notebook_portals", "Portals by status.", "status", counts)


def _tokens() -> Iterator[Metric]:
    counts = _once_a_minute("metrics:tokens", _count_tokens)
    yield _family("chat_notebook_tokens", "Portals' tokens: fresh, due, failing, dead.", "state", counts)


def _backlog() -> Iterator[Metric]:
    now = timezone.now()
    due = PortalToken.objects.alive().filter(refresh_due_at__lte=now).order_by("refresh_due_at")[:_MOST]
    found: Any = due.aggregate(count=Count("pk"), oldest=Min("refresh_due_at"))
    yield _gauge("chat_notebook_tokens_due", "Tokens that are due and not refreshed yet.", found["count"])
    yield _gauge(
        "chat_notebook_token_refresh_lag_seconds",
        "How long the longest due token has been due.",
        _age(found["oldest"], now),
    )


def _events() -> Iterator[Metric]:
    waiting = PortalEvent.objects.pending().order_by("due_at")[:_MOST]
    found: Any = waiting.aggregate(
        count=Count("pk"),
        oldest=Min("received_at", filter=Q(attempts=0)),
        retried=Count("pk", Q(attempts__gt=F("looks"))),
    )
    yield _gauge("chat_notebook_events_waiting", "Events without an outcome.", found["count"])
    yield _gauge(
        "chat_notebook_events_retried", "Events that failed and wait for another try.", found["retried"]
    )
    yield _gauge(
        "chat_notebook_event_lag_seconds",
        "How long the oldest event that no worker has looked at has waited.",
        _age(found["oldest"], timezone.now()),
    )


def _queues() -> Iterator[Metric]:
    queues = [name.partition(":")[2] for name in heartbeats.names() if name != heartbeats.BEAT]
    with broker_client().pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.llen(queue)
        lengths = dict(zip(queues, pipe.execute(), strict=True))
    yield _family("chat_notebook_queue_length", "Tasks that wait in a Celery queue.", "queue", lengths)


def _breakers() -> Iterator[Metric]:
    servers, hosts = counters.authorization_servers(), breaker.open_hosts()
    counts = {server: int(server in hosts) for server in servers} | {"portal": len(hosts - servers)}
    yield _family("chat_notebook_breakers_open", "Hosts that are not called now.", "target", counts)


def _heartbeats() -> Iterator[Metric]:
    ages = {name: age for name, age in heartbeats.ages().items() if age is not None}
    text = "Time since a process gave a sign of life."
    yield _family("chat_notebook_heartbeat_age_seconds", text, "process", ages)


def _count_portals() -> dict[str, int]:
    rows = Portal.objects.order_by().values_list("status").annotate(Count("pk"))
    return dict.fromkeys(Portal.Status.values, 0) | dict(rows)


def _count_tokens() -> dict[str, int]:
    state = Case(
        When(dead_at__isnull=False, then=Value("dead")),
        When(failures__gt=0, then=Value("failing")),
        When(refresh_due_at__lte=timezone.now(), then=Value("due")),
        default=Value("fresh"),
    )
    rows = PortalToken.objects.order_by().annotate(state=state).values_list("state").annotate(Count("pk"))
    return dict.fromkeys(("fresh", "due", "failing", "dead"), 0) | dict(rows)


def _once_a_minute(key: str, count: Any) -> dict[str, int]:
    counts: dict[str, int] | None = cache.get(key)
    if counts is None:
        counts = count()
        cache.set(key, counts, timeout=_FRESH)
    return counts or {}


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _family(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
