"""Handing out due tokens: what a tick of the scheduler does."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portals import breaker
from portals.models import PortalToken

log = structlog.get_logger(__name__)

# How long a handed-out token waits for its worker before it is handed out again, and the size of a transaction.
LEASE = timedelta(minutes=3)
CHUNK = 200
# Of one tick, which ends earlier when enough of them wait for a worker.
PORTION = 100_000


def claim_due(portion: int = PORTION) -> Iterator[list[int]]:
    """Lease what is due, longest due first, and yield its ids in chunks; each is committed before it is yielded.

    Costs what is due, not what exists. While the authorization server is failing nothing is handed out, and one
    token as soon as it may be tried again.
    """
    left = _admitted(portion)
    while left > 0:
        ids = _claim(min(CHUNK, left))
        if ids:
            yield ids
        if len(ids) < CHUNK:
            return
        left -= len(ids)


@transaction.atomic
def _claim(limit: int) -> list[int]:
    now = timezone.now()
    due = PortalToken.objects.due(now).select_for_update(skip_locked=True)
    ids = list(due.values_list("pk", flat=True)[:limit])
    if ids:
        PortalToken.objects.filter(pk__in=ids).update(leased_until=now + LEASE)
    return ids


def _admitted(portion: int) -> int:
    circuit = breaker.circuit_of(urlsplit(settings.BITRIX24_OAUTH_URL).netloc)
    if circuit.state is breaker.State.CLOSED:
        return portion
    log.info("dispatch_held", state=circuit.state, seconds=round(circuit.pause, 1))
    return 0 if circuit.state is breaker.State.OPEN else 1
