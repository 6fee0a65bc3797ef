"""The list of portals: who is broken, why and since when. Fast whatever their number."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portals import tasks
from portals.admin import page
from portals.admin.base import BoundedChangeList, ReadOnlyAdmin, by
from portals.admin.facts import Facts, facts_of
from portals.admin.filters import ReasonFilter, TroubleFilter
from portals.models import Portal
from portals.operations import troubles
from portals.operations.appearance import NOTHING, ago, pill, status_pill
from portals.tokens import pairs

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 200


class PortalChangeList(BoundedChangeList):
    """One page of portals, each with its `Facts`."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Sequence[Portal] = list(self.result_list)
        facts = facts_of(self.result_list)
        for portal in self.result_list:
            portal.facts = facts[portal.pk]  # type: ignore[attr-defined]


@admin.register(Portal)
class PortalAdmin(ReadOnlyAdmin):
    """List and page of portals."""

    list_display = (
        "name",
        "state",
        "since",
        "licence_of",
        "version",
        "last_open",
        "next_refresh",
        "errors",
    )
    list_filter = (TroubleFilter, "status", ReasonFilter, "licence_status")
    search_fields = ("domain",)
    search_help_text = "Domain, former domain or member_id"
    sortable_by = ("name",)
    actions = ("refresh_now", "reconcile_now")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Portal]:
        return Portal.objects.for_opens()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PortalChangeList]:
        return PortalChangeList

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """Of one status the latest change first: an index has them in this order. Else the newest portal."""
        return ("-status_changed_at",) if "status__exact" in request.GET else ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Portal], search_term: str
    ) -> tuple[QuerySet[Portal], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(pk__in=troubles.named(search_term)), False

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, Callable[..., HttpResponseBase]] = {"export": page.export, "act": page.act}
        return [
            path(
                "<int:portal_id>/export/",
                self.admin_site.admin_view(pages["export"]),
                {"model_admin": self},
                name="portals_portal_export",
            ),
            path(
                "<int:portal_id>/act/<slug:name>/",
                self.admin_site.admin_view(pages["act"]),
                {"model_admin": self},
                name="portals_portal_act",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The portal's page instead of a form: there is nothing to fill in."""
        del form_url, extra_context
        return page.show(request, self, object_id)

    @admin.display(description="portal", ordering="domain")
    def name(self, portal: Portal) -> SafeString:
        return format_html(
            '{}<span class="op-sub op-mono">{}</span>', portal.domain or NOTHING, portal.member_id
        )

    @admin.display(description="status")
    def state(self, portal: Portal) -> SafeString:
        return format_html('{}<span class="op-sub">{}</span>', status_pill(portal), portal.status_reason)

    @admin.display(description="since")
    def since(self, portal: Portal) -> str:
        return ago(portal.status_changed_at)

    @admin.display(description="licence")
    def licence_of(self, portal: Portal) -> SafeString:
        return format_html(
            '{}<span class="op-sub">{}</span>', portal.get_licence_status_display() or NOTHING, portal.licence
        )

    @admin.display(description="version")
    def version(self, portal: Portal) -> int | str:
        return portal.app_version or NOTHING

    @admin.display(description="last open")
    def last_open(self, portal: Portal) -> str:
        return ago(portal.last_used_at) if portal.last_used_at else "never"

    @admin.display(description="next refresh")
    def next_refresh(self, portal: Portal) -> str | SafeString:
        facts = _facts(portal)
        error = format_html('<span class="op-sub">{}</span>', facts.last_error)
        if facts.living_tokens:
            when = ago(facts.next_refresh)
            return format_html("{} {}{}", when, pill("warn", "failing"), error) if facts.failures else when
        leaving = portal.status in (Portal.Status.NEW, Portal.Status.DELETED)
        return NOTHING if leaving else format_html("{}{}", pill("bad", "no token"), error)

    @admin.display(description="errors 24 h")
    def errors(self, portal: Portal) -> str | SafeString:
        count = _facts(portal).errors
        return pill("bad", count) if count else "0"

    @admin.action(description="Refresh tokens now", permissions=["operate"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[Portal]) -> None:
        chosen = list(queryset[:_MOST_AT_ONCE])
        ids = pairs.make_due(chosen)
        tasks.hand_out(ids)
        log.info("operator_act", act="refresh", by=by(request), portals=[p.member_id for p in chosen])
        noun = "token is" if len(ids) == 1 else "tokens are"
        self.message_user(request, f"{len(ids)} {noun} being refreshed.", messages.SUCCESS)

    @admin.action(description="Reconcile handlers", permissions=["operate"])
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[Portal]) -> None:
        chosen = list(queryset.filter(status=Portal.Status.ACTIVE)[:_MOST_AT_ONCE])
        for portal in chosen:
            tasks.enqueue(tasks.reconcile_handlers, portal.pk)
        log.info("operator_act", act="reconcile", by=by(request), portals=[p.member_id for p in chosen])
        noun = "portal is" if len(chosen) == 1 else "portals are"
        self.message_user(request, f"{len(chosen)} {noun} being looked at.", messages.SUCCESS)


def _facts(portal: Portal) -> Facts:
    facts: Facts = portal.facts  # type: ignore[attr-defined]
    return facts
