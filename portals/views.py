"""Pages of the application itself: installer and application page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portals import installs, visits
from portals.bitrix24.payloads import OpenRequest
from portals.frames import embeddable, frame


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
    return embeddable(request, response, portal.origin)


@frame(
    name=_("Application page"),
    purpose=_("Bitrix24 opens it when somebody chooses Chat Notebook in the list of applications."),
    refused_template="widget/refused.html",
)
def application(request: HttpRequest, opened: OpenRequest) -> HttpResponse:
    """The application page: state of the installation for administrators, a short guide for everyone."""
    visit = visits.visit(opened)
    context = {"portal": visit.portal, "is_admin": visit.profile.admin, "item": visit.sidebar}
    return embeddable(request, render(request, "portals/application.html", context), visit.portal.origin)
