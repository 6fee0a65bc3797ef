"""The page of a chat's notebook, wherever in Bitrix24 it is opened."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.placements import REST_APP_URI, application_link
from portals.incoming.frames import OUTCOME, embeddable, image_sources, nonce_of
from portals.infrastructure import daily_counts
from portals.outgoing import addresses
from widget import access
from widget.cards import registry
from widget.pages import kept_pages
from widget.pages.initial_notes import InitialNotes


def show(request: HttpRequest, opened: OpenRequest, *, by_link: bool = False) -> HttpResponse:
    """A chat's notebook, for a viewer who may read the chat; ``by_link``: somebody follows a link to a note.

    Raises: Refusal.
    """
    claim = access.OpenClaim.of(opened)
    granted = access.prove(claim)
    daily_counts.add(daily_counts.Kind.OPEN, {"": 1})
    request.META[OUTCOME] = granted.source.value
    view = InitialNotes.of(opened, granted, by_link=by_link)
    origins = addresses.origins(granted.portal, opened)
    images = [source for origin in origins for source in image_sources(origin)]
    link = _link(granted)
    session = granted.session()
    frame_data = {
        "api": _api(),
        "session": session.sign(),
        "revision": view.revision,
        "link": link,
        "linked": view.linked,
        "expires_in": session.seconds,
        "member_id": claim.member_id,
        "dialog_id": str(claim.dialog_id),
        "viewer_id": granted.identity.viewer,
        "can_write": granted.rights.can_write,
        "chat_id": granted.rights.chat_id,
        "portal": granted.portal.origin,
        "images": images,
    }
    cards = registry.shown(granted)
    shared = kept_pages.of_chat(view, cards, can_write=granted.rights.can_write, can_link=bool(link))
    nonce = nonce_of(request)
    page = HttpResponse(shared.around(kept_pages.own(granted.identity.viewer, frame_data, nonce), nonce))
    return embeddable(request, page, *origins, images=images)


@cache
def _api() -> str:
    return reverse("api-root")


def _link(granted: access.Access) -> str:
    """The link to a note of the chat, but for the note's number at its end; "" where links lead nowhere.

    It names the chat by its number, which is the same for everybody; whoever follows it is proved like at any open.
    """
    portal = granted.portal
    if REST_APP_URI in portal.handlers_missing:
        return ""
    options = {"dialogId": f"chat{granted.rights.chat_id}", "note": ""}
    return application_link(portal.origin, portal.app_code, options)
