"""The handler of ``IM_SIDEBAR``, and of links to notes (``REST_APP_URI``)."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portals import counts
from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.placements import application_link
from portals.frames import OUTCOME, embeddable, frame, image_sources, nonce_of
from widget import access, pages
from widget.cards import registry
from widget.firstview import FirstView


@frame(
    name=_("Notebook"),
    purpose=_("Bitrix24 opens it in the sidebar of a chat."),
    refused_template="widget/refused.html",
)
def widget(request: HttpRequest, opened: OpenRequest) -> HttpResponse:
    """A chat's notebook, for a viewer who may read the chat."""
    claim = access.OpenClaim.of(opened)
    granted = access.prove(claim)
    counts.add(counts.Kind.OPEN, {"": 1})
    request.META[OUTCOME] = granted.source.value
    view = FirstView.of(opened, granted)
    origin = granted.portal.origin
    images = image_sources(origin)
    session = granted.session()
    frame_data = {
        "api": _api(),
        "session": session.sign(),
        "revision": view.revision,
        "link": _link(granted, origin),
        "linked": view.linked,
        "expires_in": session.seconds,
        "member_id": claim.member_id,
        "dialog_id": str(claim.dialog_id),
        "viewer_id": granted.identity.viewer,
        "can_write": granted.rights.can_write,
        "chat_id": granted.rights.chat_id,
        "portal": origin,
        "images": images,
    }
    shared = pages.of_chat(view, registry.shown(granted), can_write=granted.rights.can_write)
    nonce = nonce_of(request)
    page = HttpResponse(shared.around(pages.own(granted.identity.viewer, frame_data, nonce), nonce))
    return embeddable(request, page, origin, images=images)


@cache
def _api() -> str:
    return reverse("api-root")


def _link(granted: access.Access, origin: str) -> str:
    """The link to a note of the chat, but for the note's number at its end.

    It names the chat by its number, which is the same for everybody; whoever follows it is proved like at any open.
    """
    options = {"dialogId": f"chat{granted.rights.chat_id}", "note": ""}
    return application_link(origin, granted.portal.app_code, options)
