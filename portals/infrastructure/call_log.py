"""The log of calls we make: kept in memory for a second, then inserted many at once, off the path of whoever waits.

What a process that dies had not yet inserted is lost; a log line is worth less than a person's second.
"""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, close_old_connections, connection
from django.utils import timezone

from portals.bitrix24.transport import CallRecord
from portals.infrastructure import daily_counts
from portals.infrastructure.background import Background
from portals.models import ApiCall, Portal, authorship
from portals.models.authorship import Act

log = structlog.get_logger(__name__)

# More than this waiting means the database is away: the oldest go first, memory stays bounded.
_MOST_WAITING = 20_000
_INSERT = 500
_PRUNE = 5_000
# Tries at a portion; each that fails found another portal erased under its hands.
_ERASED_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime
    record: CallRecord
    act: Act | None

    @property
    def owner(self) -> int | None:
        """The portal it belongs to; a call of an act belongs to the portal that the act is about."""
        if self.record.owner is not None or self.act is None:
            return self.record.owner
        return self.act.portal_id


class CallLog:
    """Takes records from any thread. One writer thread a process, started with the first record."""

    def __init__(self) -> None:
        self._waiting: deque[_Entry] = deque(maxlen=_MOST_WAITING)
        self._flushing = threading.Lock()
        self._background = Background(
            "api-calls",
            self._flush_safely,
            seconds=lambda: settings.API_CALL_FLUSH_SECONDS,
            forked=self._forked,
        )

    def add(self, record: CallRecord) -> None:
        """Remember one call: microseconds, no input or output."""
        self._background.wake()
        self._waiting.append(_Entry(datetime.now(UTC), record, authorship.current()))

    def flush(self) -> int:
        """Insert what waits; returns how many."""
        written = 0
        with self._flushing:
            while self._waiting:
                entries = [self._waiting.popleft() for _ in range(min(_INSERT, len(self._waiting)))]
                _insert(entries)
                written += len(entries)
        return written

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _forked(self) -> None:
        """What the parent collected, the parent inserts; its lock may be held by a thread that is not here."""
        self._flushing = threading.Lock()
        self.clear()

    def _flush_safely(self) -> None:
        try:
            close_old_connections()
            self.flush()
        except DatabaseError as error:
            log.warning("api_calls_lost", reason=type(error).__name__)
        finally:
            connection.close()


CALLS = CallLog()


def prune() -> int:
    """Delete calls older than the retention, in batches so that nothing is locked for long; returns how many."""
    limit = timezone.now() - timedelta(days=settings.API_CALL_RETENTION_DAYS)
    total = 0
    while True:
        oldest = ApiCall.objects.filter(created_at__lt=limit).order_by("created_at").values("pk")[:_PRUNE]
        deleted, _ = ApiCall.objects.filter(pk__in=oldest).delete()
        total += deleted
        if deleted < _PRUNE:
            return total


def _insert(entries: Sequence[_Entry]) -> None:
    for _ in range(_ERASED_AT_ONCE):
        try:
            _insert_known(entries)
            break
        except IntegrityError:  # a portal was erased after we had looked
            continue
    daily_counts.add(
        daily_counts.Kind.CALL, Counter((entry.record.error_code or "")[:64] for entry in entries)
    )


def _insert_known(entries: Sequence[_Entry]) -> None:
    """Of a portal that was erased meanwhile nothing is written any more."""
    owners = {entry.owner for entry in entries if entry.owner is not None}
    known = set(Portal.objects.filter(pk__in=owners).values_list("pk", flat=True)) if owners else set()
    ApiCall.objects.bulk_create(
        _row(entry) for entry in entries if entry.owner is None or entry.owner in known
    )


def _row(entry: _Entry) -> ApiCall:
    record = entry.record
    return ApiCall(
        portal_id=entry.owner,
        host=record.host[:255],
        method=record.method[:64],
        http_status=record.http_status,
        error_code=(record.error_code or "")[:64],
        duration=record.duration,
        operating=record.operating,
        by=entry.act.by if entry.act else "",
        request_id=record.request_id,
        created_at=entry.at,
    )
