"""Filters whose choices cost no scan: they are declared here or read from the cached overview."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portals.incoming.events import registry
from portals.models import ApiCall, Portal, PortalEvent, PortalToken, PortalTransition
from portals.operations.overview import INSTALLED, UNINSTALLED, overview
from portals.operations.troubles import OVERDUE, TROUBLES

Choices = Iterable[tuple[str, str]]


class TroubleFilter(SimpleListFilter):
    """Portals with something wrong."""

    title = "what goes wrong"
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, trouble.title) for key, trouble in TROUBLES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Portal]) -> QuerySet[Portal]:
        trouble = TROUBLES.get(self.value() or "")
        return trouble.narrow(queryset) if trouble else queryset


class ReasonFilter(SimpleListFilter):
    """Portals by the reason of their status."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        reasons = {row["reason"] for row in overview()["statuses"] if row["reason"]}
        chosen = request.GET.get(self.parameter_name)
        return [(reason, reason) for reason in sorted(reasons | ({chosen} if chosen else set()))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Portal]) -> QuerySet[Portal]:
        if not (reason := self.value()):
            return queryset
        # The index leads with the status, so all of them are named.
        return queryset.filter(status__in=Portal.Status.values, status_reason=reason)


class TokenStateFilter(SimpleListFilter):
    """Tokens by health; the states of the overview."""

    title = "health"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, name) for name in ("fresh", "due", "overdue", "failing", "dead")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PortalToken]) -> QuerySet[PortalToken]:
        now = timezone.now()
        living = queryset.filter(dead_at__isnull=True)
        states = {
            "fresh": living.filter(Q(refresh_due_at__gt=now) | Q(refresh_due_at=None), failures=0),
            "due": living.filter(refresh_due_at__lte=now, failures=0),
            "overdue": living.filter(refresh_due_at__lt=now - OVERDUE),
            "failing": living.filter(failures__gt=0),
            "dead": queryset.filter(dead_at__isnull=False),
        }
        return states.get(self.value() or "", queryset)


class EventFilter(SimpleListFilter):
    """Events by kind."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(code, code) for code in sorted(registry.bound_codes())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PortalEvent]) -> QuerySet[PortalEvent]:
        return queryset.filter(event=self.value()) if self.value() else queryset


class DueFilter(SimpleListFilter):
    """Events that wait for a worker."""

    title = "waiting"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("yes", "due now")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PortalEvent]) -> QuerySet[PortalEvent]:
        if not self.value():
            return queryset
        return queryset.filter(status=PortalEvent.Status.PENDING, due_at__lte=timezone.now())


class CodeFilter(SimpleListFilter):
    """Calls by error code; the codes of the last days."""

    title = "error"
    parameter_name = "code"
    ANY = "any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        codes = {code for code in overview()["calls"] if code}
        chosen = request.GET.get(self.parameter_name)
        codes |= {chosen} if chosen and chosen != self.ANY else set()
        return [(self.ANY, "any error"), *((code, code) for code in sorted(codes))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiCall]) -> QuerySet[ApiCall]:
        code = self.value()
        if not code:
            return queryset
        return queryset.filter(error_code__gt="") if code == self.ANY else queryset.filter(error_code=code)


class ChangeFilter(SimpleListFilter):
    """Transitions by what they mean."""

    title = "change"
    parameter_name = "change"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            ("installed", "installed"),
            ("uninstalled", "uninstalled"),
            ("blocked", "blocked"),
            ("healed", "healed"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PortalTransition]
    ) -> QuerySet[PortalTransition]:
        changes = {
            "installed": INSTALLED,
            "uninstalled": UNINSTALLED,
            "blocked": Q(old__in=["new", "active"], new="blocked"),
            "healed": Q(old="blocked", new="active"),
        }
        change = changes.get(self.value() or "")
        return queryset.filter(change) if change else queryset
