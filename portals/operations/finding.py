"""Finding portals and describing them, for commands: streamed, in queries that stay bounded at any number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from portals.lifecycle import bindings
from portals.models import ApiCall, Portal, PortalEvent, PortalToken
from portals.models.data_export import columns

_ROWS: Final = 2000
_PAGE: Final = 200
_HISTORY: Final = 20


class NotFound(Exception):
    """No portal, or more than one, has the name; the text says which."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which portals: empty ones choose all. ``search`` is a part of a domain or the start of a ``member_id``."""

    status: str = ""
    reason: str = ""
    search: str = ""
    failing: bool = False

    def __bool__(self) -> bool:
        return bool(self.status or self.reason or self.search or self.failing)


def select(filters: Filters) -> QuerySet[Portal]:
    """The portals that pass, oldest first."""
    found = Portal.objects.for_opens().order_by("pk")
    if filters.status:
        found = found.filter(status=filters.status)
    if filters.reason:
        found = found.filter(status_reason=filters.reason)
    if filters.search:
        search = filters.search.lower()
        found = found.filter(Q(domain__contains=search) | Q(member_id__startswith=search))
    return found.failing() if filters.failing else found


def named(name: str) -> Portal:
    """The portal with this ``member_id`` or domain. Raises: NotFound."""
    found = Portal.objects.for_opens().filter(Q(member_id=name) | Q(domain=name.lower()))[:2]
    match list(found):
        case [portal]:
            return portal
        case []:
            raise NotFound(f"No portal has the member_id or domain {name!r}.")
        case _:
            raise NotFound(f"More than one portal has the domain {name!r}: name its member_id.")


def one_by_one(portals: QuerySet[Portal]) -> Iterator[Portal]:
    """Each portal as it is when its turn comes; one that is gone by then is left out.

    In pages rather than by a cursor: what is done to a portal may give the connection back.
    """
    last = 0
    while ids := list(portals.filter(pk__gt=last).values_list("pk", flat=True)[:_PAGE]):
        for portal_id in ids:
            if portal := Portal.objects.for_opens().filter(pk=portal_id).first():
                yield portal
        last = ids[-1]


def rows(portals: QuerySet[Portal]) -> Iterator[Mapping[str, Any]]:
    """A line of facts for each portal, streamed."""
    alive = PortalToken.objects.alive().filter(portal=OuterRef("pk")).order_by()
    of_tokens = alive.values("portal")
    newest = PortalToken.objects.filter(portal=OuterRef("pk")).order_by("-stored_at")
    found = portals.values(
        "member_id",
        "domain",
        "status",
        "licence_status",
        "app_version",
        "installed_at",
        "last_used_at",
        reason=F("status_reason"),
        since=F("status_changed_at"),
        next_refresh=Subquery(of_tokens.annotate(value=Min("refresh_due_at")).values("value")),
        last_error=Subquery(newest.values("last_error")[:1]),
    )
    yield from found.iterator(chunk_size=_ROWS)


def describe(portal: Portal) -> dict[str, Any]:
    """What an operator wants to know about one portal; of tokens the facts, never the values."""
    day = timezone.now() - timedelta(hours=24)
    errors = ApiCall.objects.filter(portal=portal, created_at__gte=day).exclude(error_code="")
    by_code = errors.order_by().values_list("error_code").annotate(Count("pk"))
    pending = PortalEvent.objects.filter(portal=portal)
    return {
        **columns(Portal.objects.filter(pk=portal.pk)).get(),
        "handlers_current": portal.handlers_digest == bindings.declaration_digest(),
        "handlers_missing": portal.handlers_missing,
        "errors_24h": dict(by_code),
        "events_pending": pending.pending().count(),
        "events_failing": pending.failing().count(),
        "tokens": list(columns(portal.tokens.order_by("-stored_at"))),
        "history": list(
            portal.transitions.order_by("-pk").values("created_at", "old", "new", "reason", "by", "note")[
                :_HISTORY
            ]
        ),
    }
