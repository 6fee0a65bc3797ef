"""What a row of the portal list says beyond the portal itself: two queries a page, however long the list is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q

from portals.models import Portal, PortalToken
from portals.operations.troubles import recent_errors


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a portal's living tokens the next refresh, of all of them an error; failed calls of 24 hours."""

    next_refresh: datetime | None
    failures: int
    living_tokens: int
    last_error: str
    errors: int


def facts_of(portals: Sequence[Portal]) -> dict[int, Facts]:
    """By id of the portal."""
    ids = [portal.pk for portal in portals]
    living = Q(dead_at__isnull=True)
    errors = recent_errors().filter(portal__in=ids).order_by().values("portal").annotate(count=Count("pk"))
    by_errors = {row["portal"]: row["count"] for row in errors}
    tokens = PortalToken.objects.filter(portal__in=ids).order_by().values("portal")
    by_tokens = {
        row["portal"]: (row["next_refresh"], row["failing"], row["living"], row["error"])
        for row in tokens.annotate(
            next_refresh=Min("refresh_due_at", filter=living),
            failing=Count("pk", filter=living & Q(failures__gt=0)),
            living=Count("pk", filter=living),
            error=Max("last_error"),
        )
    }
    return {pk: Facts(*by_tokens.get(pk, (None, 0, 0, "")), by_errors.get(pk, 0)) for pk in ids}
