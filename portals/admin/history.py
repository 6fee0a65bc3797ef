"""What happened and what is stored, to be looked at: tokens as facts, transitions, events, calls."""

from collections.abc import Sequence
from typing import Any, ClassVar

import structlog
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from portals import tasks
from portals.admin.base import ReadOnlyAdmin, by
from portals.admin.filters import ChangeFilter, CodeFilter, DueFilter, EventFilter, TokenStateFilter
from portals.incoming.events import inbox
from portals.models import ApiCall, PortalEvent, PortalToken, PortalTransition
from portals.operations import troubles
from portals.operations.appearance import NOTHING, ago, call_pill, event_pill, milliseconds, token_pill

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 200
_NOT_AGAIN = (
    "The others have not failed, or what proves them is gone: tokens are not kept when an event is given up. "
    "An administrator who opens the application brings what an install event would have brought."
)


class HistoryAdmin(ReadOnlyAdmin):
    """Rows of portals, found by the portal's names."""

    list_select_related = ("portal",)
    search_fields = ("portal__domain",)
    search_help_text = "Domain, former domain or member_id"
    secrets: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Nobody looks at secrets here, so none is decrypted.
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("portal__application_token", *self.secrets)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(portal__in=troubles.named(search_term)), False

    @admin.display(description="portal")
    def of_portal(self, row: Any) -> str:
        return str(row.portal) if row.portal else NOTHING


@admin.register(PortalToken)
class PortalTokenAdmin(HistoryAdmin):
    """The state of each token; the values stay in the database."""

    list_display = ("of_portal", "user_id", "state", "expires", "due", "refreshed", "failures", "last_error")
    list_filter = (TokenStateFilter,)
    exclude = ("access_token", "refresh_token")
    secrets = ("access_token", "refresh_token")

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """What is due in the order in which it is due: so does the index."""
        return ("refresh_due_at",) if request.GET.get("state") in ("due", "overdue") else ("-pk",)

    @admin.display(description="health")
    def state(self, token: PortalToken) -> SafeString:
        return token_pill(token)

    @admin.display(description="expires")
    def expires(self, token: PortalToken) -> str:
        return ago(token.expires_at)

    @admin.display(description="refresh due")
    def due(self, token: PortalToken) -> str:
        return ago(None if token.dead_at else token.refresh_due_at)

    @admin.display(description="refreshed")
    def refreshed(self, token: PortalToken) -> str:
        return ago(token.refreshed_at)


@admin.register(PortalTransition)
class PortalTransitionAdmin(HistoryAdmin):
    """Changes of status. An erased portal has left one, without its name."""

    list_display = ("at", "of_portal", "old", "new", "reason", "by", "note")
    list_filter = (ChangeFilter,)

    @admin.display(description="when")
    def at(self, transition: PortalTransition) -> str:
        return ago(transition.created_at)


@admin.register(PortalEvent)
class PortalEventAdmin(HistoryAdmin):
    """What Bitrix24 told us and what became of it; what failed can be tried again."""

    list_display = ("event", "of_portal", "outcome", "reason", "attempts", "received", "due", "processed")
    list_filter = ("status", DueFilter, EventFilter)
    exclude = ("dedup_key",)
    actions = ("try_again",)

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """What waits in the order in which it is due: so does the index."""
        return ("due_at",) if "due" in request.GET else ("-pk",)

    @admin.display(description="outcome")
    def outcome(self, event: PortalEvent) -> SafeString:
        return event_pill(event)

    @admin.display(description="received")
    def received(self, event: PortalEvent) -> str:
        return ago(event.received_at)

    @admin.display(description="due")
    def due(self, event: PortalEvent) -> str:
        return ago(event.due_at if event.status == PortalEvent.Status.PENDING else None)

    @admin.display(description="processed")
    def processed(self, event: PortalEvent) -> str:
        return ago(event.processed_at)

    @admin.action(description="Try again", permissions=["operate"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[PortalEvent]) -> None:
        chosen = list(queryset.values_list("pk", flat=True)[:_MOST_AT_ONCE])
        count = inbox.requeue(chosen)
        tasks.enqueue(tasks.dispatch_events)
        log.info("operator_act", act="try_again", by=by(request), count=count)
        noun = "event is" if count == 1 else "events are"
        self.message_user(request, f"{count} {noun} tried again.", messages.SUCCESS)
        if count < len(chosen):
            self.message_user(request, _NOT_AGAIN, messages.WARNING)


@admin.register(ApiCall)
class ApiCallAdmin(HistoryAdmin):
    """The calls we made, newest first."""

    list_display = ("at", "of_portal", "host", "method", "answer", "took", "by")
    list_filter = (CodeFilter,)

    @admin.display(description="when")
    def at(self, call: ApiCall) -> str:
        return ago(call.created_at)

    @admin.display(description="answer")
    def answer(self, call: ApiCall) -> SafeString:
        return call_pill(call)

    @admin.display(description="took")
    def took(self, call: ApiCall) -> str:
        return milliseconds(call.duration)
