"""What can be wrong with a portal, each as a query that an index answers; and finding a portal by its names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portals.lifecycle import bindings
from portals.models import ApiCall, FormerDomain, Portal, PortalEvent, PortalToken

# Due for longer than a lease and a tick take: nobody refreshes it.
OVERDUE: Final = timedelta(minutes=5)
ERRORS_SINCE: Final = timedelta(hours=24)
MOST_FOUND: Final = 200

Portals = QuerySet[Portal]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, as operators call it, and the portals it has."""

    title: str
    narrow: Callable[[Portals], Portals]


def _of(rows: "QuerySet[Any]") -> Q:
    return Q(pk__in=rows.values("portal"))


def _token_dead(portals: Portals) -> Portals:
    living = PortalToken.objects.alive().filter(portal=OuterRef("pk"))
    return portals.filter(_of(PortalToken.objects.dead()), ~Exists(living))


def _failing(portals: Portals) -> Portals:
    return portals.filter(_of(PortalToken.objects.failing()))


def _overdue(portals: Portals) -> Portals:
    return portals.filter(
        _of(PortalToken.objects.alive().filter(refresh_due_at__lt=timezone.now() - OVERDUE))
    )


def _handlers_stale(portals: Portals) -> Portals:
    # Two ranges, not "unequal": the index on the digest answers those.
    digest = bindings.declaration_digest()
    other = Q(handlers_digest__lt=digest) | Q(handlers_digest__gt=digest)
    return portals.filter(other, status=Portal.Status.ACTIVE)


def _failed_events(portals: Portals) -> Portals:
    return portals.filter(_of(PortalEvent.objects.filter(status=PortalEvent.Status.FAILED)))


def _never_opened(portals: Portals) -> Portals:
    return portals.filter(status=Portal.Status.ACTIVE, last_used_at=None)


def _unconfirmed(portals: Portals) -> Portals:
    return portals.filter(status=Portal.Status.BLOCKED, erase_due_at__isnull=False)


def _errors(portals: Portals) -> Portals:
    return portals.filter(_of(recent_errors().filter(portal__isnull=False)))


TROUBLES: Final[Mapping[str, Trouble]] = {
    "blocked": Trouble("Blocked", lambda portals: portals.filter(status=Portal.Status.BLOCKED)),
    "token_dead": Trouble("No living token", _token_dead),
    "failing": Trouble("Token failing", _failing),
    "overdue": Trouble("Refresh overdue", _overdue),
    "handlers": Trouble("Handlers missing or stale", _handlers_stale),
    "unconfirmed": Trouble("Left unconfirmed, to be erased", _unconfirmed),
    "events": Trouble("Failed events", _failed_events),
    "errors": Trouble("Errors in 24 hours", _errors),
    "never_opened": Trouble("Never opened since installed", _never_opened),
}


def recent_errors() -> "QuerySet[ApiCall]":
    """Calls that ended in an error in the last 24 hours."""
    return ApiCall.objects.filter(error_code__gt="", created_at__gte=timezone.now() - ERRORS_SINCE)


def named(term: str) -> list[int]:
    """Ids of portals whose domain, former domain or `member_id` begins with ``term``, which may be an address.

    At most `MOST_FOUND` of each, by three index ranges.
    """
    term = term.strip().lower()
    if "//" in term:
        term = urlsplit(term).netloc
    term = term.partition("/")[0]
    if not term:
        return []
    found: list[QuerySet[Any, tuple[int]]] = [
        Portal.objects.filter(domain__startswith=term).order_by().values_list("pk")[:MOST_FOUND],
        Portal.objects.filter(member_id__startswith=term).order_by().values_list("pk")[:MOST_FOUND],
        FormerDomain.objects.filter(domain__startswith=term).order_by().values_list("portal_id")[:MOST_FOUND],
    ]
    return [pk for (pk,) in found[0].union(*found[1:])]
