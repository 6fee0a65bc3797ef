"""The handler of ``IM_SIDEBAR``, and of links to notes (``REST_APP_URI``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.placements import REST_APP_URI, application_link
from portals.frames import OUTCOME, embeddable, frame, image_sources
from widget import access, notes
from widget.cards import registry
from widget.models import Note
from widget.notes import Query
from widget.sessions import LIFETIME


@frame(
    name=_("Notebook"),
    purpose=_("Bitrix24 opens it in the sidebar of a chat."),
    refused_template="widget/refused.html",
)
def widget(request: HttpRequest, opened: OpenRequest) -> HttpResponse:
    """A chat's notebook, for a viewer who may read the chat."""
    claim = access.Claim.of(opened)
    granted = access.prove(claim)
    request.META[OUTCOME] = granted.how.value
    view = _first_view(opened, granted.proof.chat)
    images = image_sources(granted.portal.origin)
    context = {
        "cards": registry.shown(granted),
        "view": view,
        "notes": view.notes,
        "has_more": view.has_more,
        "can_write": granted.proof.can_write,
        "viewer_id": granted.proof.viewer,
        "frame_data": {
            "api": reverse("api-root"),
            "session": granted.session().sign(),
            "revision": notes.revision(view.notes),
            "link": _link(granted),
            "linked": view.linked,
            "expires_in": int(LIFETIME.total_seconds()),
            "member_id": claim.member_id,
            "dialog_id": str(claim.dialog_id),
            "viewer_id": granted.proof.viewer,
            "can_write": granted.proof.can_write,
            "chat_id": granted.proof.chat_id,
            "portal": granted.portal.origin,
            "images": images,
            "next": view.next,
        },
    }
    page = render(request, "widget/notebook.html", context)
    return embeddable(request, page, granted.portal.origin, images=images)


@dataclass(frozen=True, slots=True)
class FirstView:
    """The notes a page comes with. ``by_link``: somebody followed a link to a note; ``linked``: the note, if it is
    still there; then ``search`` is what the finder was asked for."""

    notes: Sequence[Note]
    has_more: bool
    by_link: bool = False
    linked: int | None = None

    @property
    def search(self) -> str:
        return f"#{self.linked}" if self.linked else ""

    @property
    def next(self) -> str | None:
        """The address of the next page."""
        if not self.has_more:
            return None
        asked = {"q": self.search} if self.linked else {}
        return f"{reverse('note-list')}?{urlencode({**asked, 'before': self.notes[-1].pk})}"


def _first_view(opened: OpenRequest, chat: int) -> FirstView:
    by_link = opened.placement == REST_APP_URI
    number = opened.options.get("note") if by_link else None
    if isinstance(number, str) and number.isdecimal():
        page, has_more = notes.page(chat, query=Query((f"#{number}",)))
        if any(note.pk == int(number) for note in page):
            return FirstView(page, has_more, by_link, int(number))
    page, has_more = notes.page(chat)
    return FirstView(page, has_more, by_link)


def _link(granted: access.Access) -> str:
    """The link to a note of the chat, but for the note's number at its end.

    It names the chat by its number, which is the same for everybody; whoever follows it is proved like at any open.
    """
    options = {"dialogId": f"chat{granted.proof.chat_id}", "note": ""}
    return application_link(granted.portal.origin, granted.portal.app_code, options)
