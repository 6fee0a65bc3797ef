"""How often things happen, by day: what the operator's overview draws over weeks, after logs are long pruned.

Counted in the process and added to `DailyCount` every few seconds; changes of a portal's status are counted with
the change. What a process that dies had not added is not counted: these are numbers to look at.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from portals.infrastructure.background import Background
from portals.models import DailyCount, PortalTransition

log = structlog.get_logger(__name__)

KEEP: Final = timedelta(days=400)
# Deliveries of metrics between two of counts: nobody looks at these by the second.
_SELDOM: Final = 10
_MOST_LABELS: Final = 100
OTHER: Final = "other"

_Name = tuple[date, str, str]


class Kind(StrEnum):
    """What is counted. OPEN: notebooks opened. CALL: calls we made, by error code, "" for success.

    INSTALL and UNINSTALL: portals that came and left; a heal is no install, and erasing what is left no uninstall.
    """

    OPEN = "open"
    CALL = "call"
    INSTALL = "install"
    UNINSTALL = "uninstall"


class _Counted:
    """What this process has counted and not yet added."""

    def __init__(self) -> None:
        self._waiting: Counter[_Name] = Counter()
        self._labels: set[_Name] = set()
        self._lock = threading.Lock()
        self._background = Background(
            "counts",
            self._deliver_safely,
            seconds=lambda: _SELDOM * settings.METRICS_FLUSH_SECONDS,
            forked=self.clear,
        )

    def add(self, kind: Kind, amounts: Mapping[str, int]) -> None:
        self._background.wake()
        today = datetime.now(UTC).date()
        with self._lock:
            for label, amount in amounts.items():
                self._waiting[self._bounded((today, kind, label))] += amount

    def _bounded(self, name: _Name) -> _Name:
        """Error codes are words of portals, and a portal may invent as many as it likes."""
        if name in self._labels or len(self._labels) < _MOST_LABELS:
            self._labels.add(name)
            return name
        day, kind, _ = name
        self._labels = {known for known in self._labels if known[0] == day}
        return day, kind, OTHER

    def deliver(self) -> None:
        """Add to the table; what it does not take waits. Raises: DatabaseError."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        try:
            _add(waiting)
        except DatabaseError:
            with self._lock:
                self._waiting.update(waiting)
            raise

    def clear(self) -> None:
        """Forget what waits; the lock may be held by a thread that a fork left behind."""
        self._waiting, self._labels, self._lock = Counter(), set(), threading.Lock()

    def _deliver_safely(self) -> None:
        try:
            close_old_connections()
            self.deliver()
        except DatabaseError as error:
            log.warning("counts_wait", reason=type(error).__name__)
        finally:
            connection.close()


COUNTED = _Counted()


def add(kind: Kind, amounts: Mapping[str, int]) -> None:
    """Count ``amounts`` by label, today: in memory, added to the table later."""
    COUNTED.add(kind, amounts)


def deliver() -> None:
    """Add what this process has counted now. Raises: DatabaseError."""
    COUNTED.deliver()


@receiver(post_save, sender=PortalTransition)
def _count_change(
    sender: type[PortalTransition], *, instance: PortalTransition, created: bool, **_: Any
) -> None:
    """Within the transaction of the change, so that number and change stand or fall together."""
    change = instance.old, instance.new
    if created and change in {("new", "active"), ("deleted", "active")}:
        _add({(datetime.now(UTC).date(), Kind.INSTALL, ""): 1})
    elif created and change in {("new", "deleted"), ("active", "deleted"), ("blocked", "deleted")}:
        _add({(datetime.now(UTC).date(), Kind.UNINSTALL, ""): 1})


_ADD = f"""
    INSERT INTO {DailyCount._meta.db_table} AS stored (day, kind, label, value) VALUES (%s, %s, %s, %s)
    ON CONFLICT (kind, day, label) DO UPDATE SET value = stored.value + excluded.value
"""  # noqa: S608 - the name is ours


def _add(amounts: Mapping[_Name, int]) -> None:
    """In one order everywhere, so that two processes never wait for each other's rows."""
    if amounts:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, [(*name, amount) for name, amount in sorted(amounts.items())])


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


def sum_by_day(kind: Kind, count: int) -> list[int]:
    """The same of all labels together."""
    rows = by_day(kind, count).values()
    return [sum(values) for values in zip(*rows, strict=True)] or [0] * count
