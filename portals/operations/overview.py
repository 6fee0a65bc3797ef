"""The operators' start page in numbers: how the portals, their tokens and our work are doing.

Read at most once a minute, whoever looks. No query costs more than the portals there are, and none reads the log of
calls: errors are drawn from daily counts.
"""

from datetime import datetime
from typing import Any, Final, TypedDict, cast

import redis
from django.core.cache import cache
from django.db.models import Count, Min, Q
from django.utils import timezone

from portals.infrastructure import daily_counts
from portals.infrastructure.shared import redis_client
from portals.models import Portal, PortalEvent, PortalToken

DAYS: Final = 30
DAYS_OF_ERRORS: Final = 7
# A heal is no install, and erasing what is left no uninstall.
INSTALLED: Final = Q(old__in=["new", "deleted"], new="active")
UNINSTALLED: Final = Q(old__in=["new", "active", "blocked"], new="deleted")
_SECONDS: Final = 60
_KEY: Final = "overview:1"
_QUEUES: Final = ("celery", "tokens")


class StatusCount(TypedDict):
    """Portals of a status and reason."""

    status: str
    reason: str
    count: int


class Backlog(TypedDict):
    """What is due now: how much, and since how many seconds the oldest of it."""

    count: int
    lag: float


class Overview(TypedDict):
    """Plain values, for the cache. Series have a value for each day, today last."""

    statuses: list[StatusCount]
    tokens: dict[str, int]
    tokens_due: Backlog
    events_due: Backlog
    events_failed: int
    queues: dict[str, int | None]
    days: list[str]
    installs: list[int]
    uninstalls: list[int]
    opens: list[int]
    calls: dict[str, list[int]]
    at: str


def overview() -> Overview:
    """The numbers, at most a minute old."""
    known = cache.get(_KEY)
    if known is None:
        known = _read()
        cache.set(_KEY, known, timeout=_SECONDS)
    return cast("Overview", known)


def _read() -> Overview:
    now = timezone.now()
    tokens_due = _backlog(PortalToken.objects.alive().filter(refresh_due_at__lte=now), "refresh_due_at", now)
    return Overview(
        statuses=_statuses(),
        tokens=_tokens(tokens_due["count"]),
        tokens_due=tokens_due,
        events_due=_backlog(PortalEvent.objects.due(now), "due_at", now),
        events_failed=PortalEvent.objects.filter(status=PortalEvent.Status.FAILED).count(),
        queues=_queues(),
        days=[day.isoformat() for day in daily_counts.days(DAYS)],
        installs=daily_counts.sum_by_day(daily_counts.Kind.INSTALL, DAYS),
        uninstalls=daily_counts.sum_by_day(daily_counts.Kind.UNINSTALL, DAYS),
        opens=daily_counts.sum_by_day(daily_counts.Kind.OPEN, DAYS),
        calls=daily_counts.by_day(daily_counts.Kind.CALL, DAYS_OF_ERRORS),
        at=now.isoformat(),
    )


def _statuses() -> list[StatusCount]:
    rows = Portal.objects.order_by("status", "status_reason").values("status", "status_reason")
    return [
        StatusCount(status=row["status"], reason=row["status_reason"], count=row["count"])
        for row in rows.annotate(count=Count("*"))
    ]


def _tokens(due: int) -> dict[str, int]:
    """Each token is in one state only; one that is due and fails is failing."""
    living, failing = PortalToken.objects.alive(), PortalToken.objects.failing()
    all_failing, all_living = failing.count(), living.count()
    due -= failing.filter(refresh_due_at__lte=timezone.now()).count()
    return {
        "fresh": max(0, all_living - all_failing - due),
        "due": due,
        "failing": all_failing,
        "dead": PortalToken.objects.dead().count(),
    }


def _backlog(due: Any, since: str, now: datetime) -> Backlog:
    found = due.order_by().aggregate(count=Count("*"), oldest=Min(since))
    lag = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Backlog(count=found["count"], lag=lag)


def _queues() -> dict[str, int | None]:
    """Messages that wait for a worker, by queue; None if the broker does not answer."""
    try:
        client: Any = redis_client()
        return {name: client.llen(name) for name in _QUEUES}
    except redis.RedisError:
        return dict.fromkeys(_QUEUES)
