"""Pages of the application itself: installer and application page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.placements import Color, Context
from portals.incoming.frames import embeddable, frame
from portals.incoming.sessions import ApplicationSession
from portals.lifecycle import bindings, visits
from portals.lifecycle import install as installs
from portals.lifecycle.settings_page import LONGEST_TITLE
from portals.lifecycle.visits import Visit
from portals.outgoing import addresses

CONTEXT_NAMES = (
    (Context.ALL.value, _("All chats")),
    (Context.USER.value, _("Private chats")),
    (Context.CHAT.value, _("Group chats")),
    (Context.LINES.value, _("Open lines")),
    (Context.CRM.value, _("CRM chats")),
)

COLOR_NAMES = (
    (Color.NONE.value, _("Chosen by Bitrix24")),
    (Color.RED.value, _("Red")),
    (Color.GREEN.value, _("Green")),
    (Color.MINT.value, _("Mint")),
    (Color.LIGHT_BLUE.value, _("Light blue")),
    (Color.DARK_BLUE.value, _("Dark blue")),
    (Color.PURPLE.value, _("Purple")),
    (Color.AQUA.value, _("Aqua")),
    (Color.PINK.value, _("Pink")),
    (Color.LIME.value, _("Lime")),
    (Color.BROWN.value, _("Brown")),
    (Color.AZURE.value, _("Azure")),
    (Color.KHAKI.value, _("Khaki")),
    (Color.SAND.value, _("Sand")),
    (Color.ORANGE.value, _("Orange")),
    (Color.MARENGO.value, _("Marengo")),
    (Color.GRAY.value, _("Gray")),
    (Color.GRAPHITE.value, _("Graphite")),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Whoever follows PUBLIC_URL learns what lives here."""
    context = {
        "name": "Chat Notebook",
        "purpose": _("Chat Notebook adds a notebook to every chat of Bitrix24."),
    }
    return render(request, "portals/address.html", context)


@frame(
    name=_("Installer"),
    purpose=_("Bitrix24 opens it when an administrator installs Chat Notebook."),
    refused_template="portals/not_installed.html",
)
def install(request: HttpRequest, opened: OpenRequest) -> HttpResponse:
    """The installer page: installs, then lets the page call ``installFinish``."""
    portal = installs.install(opened)
    response = render(request, "portals/installed.html", {"portal": portal, "frame_data": {"finish": True}})
    return embeddable(request, response, *addresses.origins(portal, opened))


@frame(
    name=_("Application page"),
    purpose=_("Bitrix24 opens it when somebody chooses Chat Notebook in the list of applications."),
    refused_template="widget/refused.html",
)
def application(request: HttpRequest, opened: OpenRequest) -> HttpResponse:
    """The application page: state of the installation for administrators, a short guide for everyone."""
    visit = visits.visit(opened)
    context = {"portal": visit.portal, "is_admin": visit.profile.admin, "item": visit.sidebar}
    if visit.profile.admin:
        context |= _administration(visit)
    response = render(request, "portals/application.html", context)
    return embeddable(request, response, *addresses.origins(visit.portal, opened))


def _administration(visit: Visit) -> dict[str, Any]:
    """What only an administrator's page gets."""
    session = ApplicationSession.of(visit.portal, visit.profile.user_id)
    return {
        "contexts": CONTEXT_NAMES,
        "colors": COLOR_NAMES,
        "longest_title": LONGEST_TITLE,
        "handlers_bound": visit.portal.handlers_digest == bindings.declaration_digest(),
        "frame_data": {
            "session": session.sign(),
            "settings": reverse("application-settings"),
            "export": reverse("application-export"),
            "erase": reverse("application-erase"),
        },
    }
