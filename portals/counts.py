"""How often things happen, by day: what the operator's overview draws over weeks, after logs are long pruned.

Counted in the process, added up in Redis about once a second; a periodic task copies the sums into `DailyCount`.
What Redis forgets before that is not counted: these are numbers to look at.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import redis
import structlog
from django.conf import settings
from django.utils import timezone

from portals.background import Background
from portals.models import DailyCount
from portals.shared import redis_client

log = structlog.get_logger(__name__)

KEEP: Final = timedelta(days=400)
_KEY: Final = "counts:{:%Y-%m-%d}"
_KEY_SECONDS: Final = 3 * 24 * 3600
_MOST_LABELS: Final = 100
OTHER: Final = "other"


class Kind(StrEnum):
    """What is counted. OPEN: notebooks opened. CALL: calls we made, by error code, "" for success."""

    OPEN = "open"
    CALL = "call"


class _Counted:
    """What this process has counted and not yet delivered."""

    def __init__(self) -> None:
        self._waiting: Counter[tuple[date, str]] = Counter()
        self._lock = threading.Lock()
        self._background = Background(
            "counts", self.deliver, seconds=lambda: settings.METRICS_FLUSH_SECONDS, forked=self.clear
        )

    def add(self, kind: Kind, amounts: Mapping[str, int]) -> None:
        self._background.wake()
        today = datetime.now(UTC).date()
        with self._lock:
            for label, amount in amounts.items():
                self._waiting[today, f"{kind}:{label}"] += amount

    def deliver(self) -> None:
        """Add to the sums in Redis; without Redis nothing is counted."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        try:
            with redis_client().pipeline(transaction=False) as pipe:
                for (day, name), amount in waiting.items():
                    pipe.hincrby(_KEY.format(day), name, amount)
                for day in {day for day, _ in waiting}:
                    pipe.expire(_KEY.format(day), _KEY_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("counts_unavailable", reason=type(error).__name__)

    def clear(self) -> None:
        """Forget what waits; the lock may be held by a thread that a fork left behind."""
        self._waiting, self._lock = Counter(), threading.Lock()


COUNTED = _Counted()


def add(kind: Kind, amounts: Mapping[str, int]) -> None:
    """Count ``amounts`` by label, today: in memory, delivered once a second."""
    COUNTED.add(kind, amounts)


def store() -> int:
    """Copy the sums of today and yesterday into the table; returns how many rows. Running twice changes nothing."""
    COUNTED.deliver()
    today = datetime.now(UTC).date()
    rows = [row for day in (today - timedelta(days=1), today) for row in _counted(day)]
    DailyCount.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind", "day", "label"], update_fields=["value"]
    )
    return len(rows)


def prune() -> int:
    """Delete counts older than `KEEP`; returns how many."""
    deleted, _ = DailyCount.objects.filter(day__lt=timezone.now().date() - KEEP).delete()
    return deleted


def days(count: int) -> list[date]:
    """The last ``count`` days (UTC), today last."""
    today = datetime.now(UTC).date()
    return [today - timedelta(days=back) for back in reversed(range(count))]


def by_day(kind: Kind, count: int) -> dict[str, list[int]]:
    """For each label its numbers of the last ``count`` days, as `days` orders them."""
    found: dict[str, dict[date, int]] = defaultdict(dict)
    wanted = days(count)
    rows = DailyCount.objects.filter(kind=kind, day__gte=wanted[0])
    for label, day, value in rows.values_list("label", "day", "value"):
        found[label][day] = value
    return {label: [values.get(day, 0) for day in wanted] for label, values in found.items()}


def _counted(day: date) -> list[DailyCount]:
    counted: Any = redis_client().hgetall(_KEY.format(day))
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for position, (field, value) in enumerate(sorted(counted.items(), key=lambda item: -int(item[1]))):
        kind, _, label = field.decode().partition(":")
        # Error codes are words of portals, and a portal may invent as many as it likes.
        sums[kind, label if position < _MOST_LABELS else OTHER] += int(value)
    return [DailyCount(day=day, kind=kind, label=label, value=value) for (kind, label), value in sums.items()]
