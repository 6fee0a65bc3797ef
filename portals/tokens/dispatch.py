"""Handing out due tokens: what a tick of the scheduler does."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from portals.models import PortalToken, PortalTokenQuerySet
from portals.outgoing import breaker

log = structlog.get_logger(__name__)

# How long a handed-out token waits for its worker before it is handed out again, and the size of a transaction.
LEASE = timedelta(minutes=3)
CHUNK = 200
# Of one tick, which ends earlier when enough of them wait for a worker.
PORTION = 100_000


def claim_due(portion: int = PORTION) -> Iterator[list[int]]:
    """Lease what is due, longest due first, and yield its ids in chunks; each is committed before it is yielded.

    Costs what is due, not what exists. Of the portals of an authorization server that is failing nothing is handed
    out, and one token as soon as it may be tried again.
    """
    held: list[str] = []
    for server in settings.BITRIX24_OAUTH_URL:
        circuit = breaker.circuit_of(urlsplit(server).netloc)
        if circuit.state is breaker.State.CLOSED:
            continue
        log.info("dispatch_held", server=server, state=circuit.state, seconds=round(circuit.pause, 1))
        # The first is the one to ask where none is known.
        served = [server, ""] if server == settings.BITRIX24_OAUTH_URL[0] else [server]
        if circuit.state is breaker.State.HALF_OPEN:
            yield from _claimed(PortalToken.objects.filter(portal__authorization_server__in=served), 1)
        held += served
    yield from _claimed(PortalToken.objects.exclude(portal__authorization_server__in=held), portion)


def _claimed(tokens: PortalTokenQuerySet, portion: int) -> Iterator[list[int]]:
    while portion > 0:
        ids = _claim(tokens, min(CHUNK, portion))
        if ids:
            yield ids
        if len(ids) < CHUNK:
            return
        portion -= len(ids)


@transaction.atomic
def _claim(tokens: PortalTokenQuerySet, limit: int) -> list[int]:
    due = tokens.due(timezone.now()).select_for_update(skip_locked=True, of=("self",))
    ids = list(due.values_list("pk", flat=True)[:limit])
    if ids:
        PortalToken.objects.filter(pk__in=ids).update(leased_until=Now() + LEASE)
    return ids
