"""The handler of all placements: each has its page in `widget.placements`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.placements import IM_SIDEBAR
from portals.incoming.frames import frame
from portals.lifecycle import placements


@frame(
    name=_("Notebook"),
    purpose=_("Bitrix24 opens it in the sidebar of a chat."),
    refused_template="widget/refused.html",
)
def widget(request: HttpRequest, opened: OpenRequest) -> HttpResponse:
    """The page of the placement; of one that we do not know the notebook of the chat it names."""
    return placements.find(opened.placement, otherwise=IM_SIDEBAR).page(request, opened)


@require_safe
@cache_control(max_age=3600)
def editor(request: HttpRequest) -> HttpResponse:
    """Buttons and menus of the rich editor in the page's language: fetched when somebody begins to write."""
    return render(request, "widget/editor.html")
