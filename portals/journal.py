"""The log of calls we make: kept in memory for a second, then inserted many at once, off the path of whoever waits.

What a process that dies had not yet inserted is lost; a log line is worth less than a person's second.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from portals.background import Background
from portals.bitrix24.transport import CallRecord
from portals.models import ApiCall, Portal

log = structlog.get_logger(__name__)

# More than this waiting means the database is away: the oldest go first, memory stays bounded.
_MOST_WAITING = 20_000
_INSERT = 500
_PRUNE = 5_000


class CallLog:
    """Takes records from any thread. One writer thread a process, started with the first record."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[datetime, CallRecord]] = deque(maxlen=_MOST_WAITING)
        self._background = Background(
            "api-calls",
            self._flush_safely,
            seconds=lambda: settings.API_CALL_FLUSH_SECONDS,
            forked=self.clear,
        )

    def add(self, record: CallRecord) -> None:
        """Remember one call: microseconds, no input or output."""
        self._background.wake()
        self._waiting.append((datetime.now(UTC), record))

    def flush(self) -> int:
        """Insert what waits; returns how many."""
        written = 0
        while self._waiting:
            records = [self._waiting.popleft() for _ in range(min(_INSERT, len(self._waiting)))]
            _insert(records)
            written += len(records)
        return written

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

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


def _insert(records: Sequence[tuple[datetime, CallRecord]]) -> None:
    owners = {record.owner for _, record in records if record.owner is not None}
    known = set(Portal.objects.filter(pk__in=owners).values_list("pk", flat=True)) if owners else set()
    # Of a portal that was erased meanwhile nothing is written any more.
    ApiCall.objects.bulk_create(
        _row(at, record) for at, record in records if record.owner is None or record.owner in known
    )


def _row(at: datetime, record: CallRecord) -> ApiCall:
    return ApiCall(
        portal_id=record.owner,
        host=record.host[:255],
        method=record.method[:64],
        http_status=record.http_status,
        error_code=(record.error_code or "")[:64],
        duration=record.duration,
        operating=record.operating,
        request_id=record.request_id,
        created_at=at,
    )
