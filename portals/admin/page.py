"""A portal's page: what it is, what is wrong with it, its history, and the buttons."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portals.admin.acts import ACTS, Act, Confirmation, name_of
from portals.admin.base import OPERATE, ReadOnlyAdmin, by
from portals.lifecycle import bindings
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal, PortalEvent
from portals.operations import actions, inspection, timeline
from portals.operations.troubles import OVERDUE, recent_errors

_VIEWS = {
    "all": "Everything",
    "transitions": "Transitions",
    "events": "Events",
    "calls": "Calls",
    "errors": "Failed calls",
}


def show(request: HttpRequest, model_admin: ReadOnlyAdmin, object_id: str) -> HttpResponse:
    """The page."""
    if request.method not in ("GET", "HEAD") or not model_admin.has_view_permission(request):
        raise PermissionDenied
    portal = _portal(object_id)
    view = request.GET.get("show", "all")
    view = view if view in timeline.VIEWS else "all"
    after = timeline.Cursor.read(request.GET.get("after", ""))
    context = {
        "portal": portal,
        "tokens": portal.tokens.defer("access_token", "refresh_token").order_by("-stored_at"),
        "former_domains": portal.former_domains.all(),
        "errors": _errors(portal),
        "failed_events": PortalEvent.objects.filter(portal=portal, status="failed").count(),
        "overdue": OVERDUE,
        "sidebar": SidebarSettings.of(portal.placement_settings),
        "handlers": _handlers(portal),
        "timeline": timeline.page(portal, view, after),
        "view": view,
        "views": _VIEWS,
        "is_first": after is None,
        "acts": _offered(portal) if model_admin.has_operate_permission(request) else {},
    }
    return _render(request, model_admin, "admin/portals/portal/page.html", name_of(portal), context)


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, portal_id: int, name: str, model_admin: ReadOnlyAdmin) -> HttpResponse:
    """Do what a button says, after a question where it hurts."""
    portal, chosen = _operable(request, portal_id), ACTS.get(name)
    if chosen is None or not chosen.offered(portal):
        raise Http404
    answers = request.POST if request.method == "POST" else None
    form = (chosen.form or Confirmation)(answers, portal=portal)
    if form.is_valid():
        return _perform(request, portal, chosen, form)
    context = {"portal": portal, "act": chosen, "form": form}
    return _render(request, model_admin, "admin/portals/portal/confirm.html", chosen.title, context)


@require_POST
def export(request: HttpRequest, portal_id: int, model_admin: ReadOnlyAdmin) -> HttpResponseBase:
    """Everything we hold of the portal, as a file; no token is in it."""
    portal = _operable(request, portal_id)
    response = StreamingHttpResponse(
        actions.export(portal, by(request)), content_type="application/json; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="chat-notebook-{portal.member_id}.json"'
    response["Cache-Control"] = "no-store"
    return response


def _perform(request: HttpRequest, portal: Portal, chosen: Act, form: Confirmation) -> HttpResponse:
    outcome = chosen.run(portal, by(request), form.cleaned_data)
    level = messages.SUCCESS if outcome.ok else messages.ERROR
    messages.add_message(request, level, f"{chosen.title}: {outcome.text} ({outcome.reason})")
    if Portal.objects.filter(pk=portal.pk).exists():
        return redirect("admin:portals_portal_change", portal.pk)
    return redirect("admin:portals_portal_changelist")


def _operable(request: HttpRequest, portal_id: int) -> Portal:
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied
    return _portal(portal_id)


def _portal(object_id: str | int) -> Portal:
    try:
        return Portal.objects.for_opens().get(pk=int(object_id))
    except (Portal.DoesNotExist, ValueError):
        raise Http404 from None


def _offered(portal: Portal) -> dict[str, Act]:
    return {name: act for name, act in ACTS.items() if act.offered(portal)}


def _errors(portal: Portal) -> list[tuple[str, int]]:
    rows = recent_errors().filter(portal=portal).order_by().values_list("error_code")
    return list(rows.annotate(count=Count("pk")).order_by("-count").values_list("error_code", "count"))


def _handlers(portal: Portal) -> dict[str, Any]:
    """What is wanted, and what the portal has: as it last said itself, else as we last bound."""
    comparison = inspection.last(portal)
    confirmed = portal.handlers_digest == bindings.declaration_digest()
    return {
        "comparison": comparison,
        "bindings": comparison["bindings"] if comparison else inspection.wanted(portal),
        "confirmed": confirmed,
        "tried_at": portal.handlers_tried_at,
    }


def _render(
    request: HttpRequest, model_admin: ReadOnlyAdmin, template: str, title: str, context: dict[str, Any]
) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(
        request,
        template,
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": title,
            "original": context["portal"],
            "list_url": reverse("admin:portals_portal_changelist"),
            **context,
        },
    )
