"""The handler of ``IM_SIDEBAR``, and of links to notes (``REST_APP_URI``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from portals import counts
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
    counts.add(counts.Kind.OPEN, {"": 1})
    request.META[OUTCOME] = granted.how.value
    view = FirstView.of(opened, granted)
    cards = registry.shown(granted)
    images = image_sources(granted.portal.origin)
    context = {
        "cards": cards,
        "cards_key": ",".join(shown.key for shown in cards),
        "view": view,
        "language": translation.get_language(),
        "can_write": granted.proof.can_write,
        "viewer_id": granted.proof.viewer,
        "frame_data": {
            "api": reverse("api-root"),
            "session": granted.session().sign(),
            "revision": view.revision,
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
        },
    }
    page = render(request, "widget/notebook.html", context)
    return embeddable(request, page, granted.portal.origin, images=images)


@dataclass
class FirstView:
    """The notes a page comes with, read when they are first asked for: the page may have them rendered already.

    ``revision`` is that of the chat before they were read. ``by_link``: somebody followed a link to a note;
    ``linked``: the note, if it is still there; then ``search`` is what the finder was asked for.
    """

    chat: int
    revision: int
    by_link: bool = False
    linked: int | None = None

    @classmethod
    def of(cls, opened: OpenRequest, granted: access.Access) -> Self:
        """What an open asks to see."""
        chat = granted.proof.chat
        revision = notes.revision(chat) if granted.revision is None else granted.revision
        by_link = opened.placement == REST_APP_URI
        number = opened.options.get("note") if by_link else None
        named = int(number) if isinstance(number, str) and number.isdecimal() else None
        linked = named if named is not None and notes.has(chat, named) else None
        return cls(chat, revision, by_link, linked)

    @property
    def key(self) -> str:
        """The same for all who see the same."""
        return f"{self.chat} {self.revision} {self.by_link} {self.linked}"

    @property
    def search(self) -> str:
        return f"#{self.linked}" if self.linked else ""

    @property
    def notes(self) -> Sequence[Note]:
        return self._page[0]

    @property
    def next(self) -> str | None:
        """The address of the next page."""
        found, has_more = self._page
        if not has_more:
            return None
        asked = {"q": self.search} if self.linked else {}
        return f"{reverse('note-list')}?{urlencode({**asked, 'before': found[-1].pk})}"

    @cached_property
    def _page(self) -> tuple[Sequence[Note], bool]:
        return notes.page(self.chat, query=Query((self.search,)) if self.linked else None)


def _link(granted: access.Access) -> str:
    """The link to a note of the chat, but for the note's number at its end.

    It names the chat by its number, which is the same for everybody; whoever follows it is proved like at any open.
    """
    options = {"dialogId": f"chat{granted.proof.chat_id}", "note": ""}
    return application_link(granted.portal.origin, granted.portal.app_code, options)
