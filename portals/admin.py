"""What operators see of portals and their tokens: facts, never a token."""

from django.contrib import admin, messages
from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin  # type: ignore[import-untyped]

from portals import tasks, tokens
from portals.events import inbox
from portals.models import ApiCall, Portal, PortalEvent, PortalToken


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Nothing here is typed in by hand: portals change by what Bitrix24 says and by actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may act; read by ``permissions=["operate"]`` of actions."""
        return request.user.has_perm("portals.operate_portal")


@admin.register(Portal)
class PortalAdmin(ReadOnlyAdmin):
    """Who is broken, why and since when."""

    list_display = ("domain", "status", "status_reason", "status_changed_at", "next_refresh", "last_error")
    list_filter = ("status", "status_reason", "licence_status")
    search_fields = ("domain", "member_id")
    exclude = ("application_token",)
    actions = ("refresh_now", "reconcile_now")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Portal]:
        newest = PortalToken.objects.filter(portal=OuterRef("pk")).order_by("-stored_at")
        alive = Q(tokens__dead_at=None)
        return Portal.objects.for_opens().annotate(
            next_refresh_at=Min("tokens__refresh_due_at", filter=alive),
            token_error=Subquery(newest.values("last_error")[:1]),
        )

    @admin.display(description=_("next refresh"), ordering="next_refresh_at", empty_value="—")
    def next_refresh(self, portal: Portal) -> object:
        return getattr(portal, "next_refresh_at", None)

    @admin.display(description=_("last error"), ordering="token_error", empty_value="—")
    def last_error(self, portal: Portal) -> object:
        return getattr(portal, "token_error", None) or None

    @admin.action(description=_("Refresh tokens now"), permissions=["operate"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[Portal]) -> None:
        ids = tokens.make_due(list(queryset))
        tasks.hand_out(ids)
        text = ngettext("%d token is being refreshed.", "%d tokens are being refreshed.", len(ids)) % len(ids)
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Bind handlers again"), permissions=["operate"])
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[Portal]) -> None:
        ids = list(queryset.filter(status=Portal.Status.ACTIVE).values_list("pk", flat=True))
        for portal_id in ids:
            tasks.enqueue(tasks.reconcile_handlers, portal_id)
        text = ngettext("%d portal is being looked at.", "%d portals are being looked at.", len(ids)) % len(
            ids
        )
        self.message_user(request, text, messages.SUCCESS)


@admin.register(PortalToken)
class PortalTokenAdmin(ReadOnlyAdmin):
    """The state of each token; the values stay in the database."""

    list_display = (
        "portal",
        "user_id",
        "expires_at",
        "refresh_due_at",
        "refreshed_at",
        "failures",
        "last_error",
        "dead_at",
    )
    list_filter = (("dead_at", admin.EmptyFieldListFilter), "last_error")
    list_select_related = ("portal",)
    search_fields = ("portal__domain", "portal__member_id")
    exclude = ("access_token", "refresh_token")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PortalToken]:
        # Nobody looks at the values here, so none is decrypted.
        return PortalToken.objects.defer("access_token", "refresh_token", "portal__application_token")


@admin.register(PortalEvent)
class PortalEventAdmin(ReadOnlyAdmin):
    """What Bitrix24 told us and what became of it; what failed can be tried again."""

    list_display = (
        "event",
        "portal",
        "status",
        "reason",
        "attempts",
        "received_at",
        "due_at",
        "processed_at",
    )
    list_filter = ("status", "event", "reason")
    list_select_related = ("portal",)
    search_fields = ("member_id", "portal__domain")
    exclude = ("dedup_key",)
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PortalEvent]:
        return PortalEvent.objects.defer("portal__application_token")

    @admin.action(description=_("Try again"), permissions=["operate"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[PortalEvent]) -> None:
        count = inbox.requeue(list(queryset.values_list("pk", flat=True)))
        tasks.enqueue(tasks.dispatch_events)
        text = ngettext("%d event is tried again.", "%d events are tried again.", count) % count
        self.message_user(request, text, messages.SUCCESS)


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnlyAdmin):
    """The calls we made, newest first."""

    list_display = ("created_at", "portal", "host", "method", "http_status", "error_code", "duration")
    list_filter = ("error_code", "method")
    list_select_related = ("portal",)
    search_fields = ("host", "portal__member_id")
    # Counting millions of rows for a page number is not worth it.
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiCall]:
        return ApiCall.objects.defer("portal__application_token")
