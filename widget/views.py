"""The handler of ``IM_SIDEBAR``."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portals.bitrix24.payloads import OpenRequest
from portals.frames import OUTCOME, embeddable, frame
from widget import access, notes
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
    page, has_more = notes.page(granted.proof.chat)
    context = {
        "notes": page,
        "has_more": has_more,
        "can_write": granted.proof.can_write,
        "viewer_id": granted.proof.viewer,
        "frame_data": {
            "api": reverse("api-root"),
            "session": granted.session().sign(),
            "revision": notes.revision(page),
            "chat_url": _chat_url(granted, claim),
            "expires_in": int(LIFETIME.total_seconds()),
            "member_id": claim.member_id,
            "dialog_id": str(claim.dialog_id),
            "viewer_id": granted.proof.viewer,
            "can_write": granted.proof.can_write,
            "next": f"{reverse('note-list')}?before={page[-1].pk}" if has_more else None,
        },
    }
    return embeddable(request, render(request, "widget/notebook.html", context), granted.portal.origin)


def _chat_url(granted: access.Access, claim: access.Claim) -> str | None:
    """Where Bitrix24 shows a group chat. A private chat has another name for each side, so it has no address."""
    if str(claim.dialog_id).isdecimal():
        return None
    return f"{granted.portal.origin}/online/?IM_DIALOG={claim.dialog_id}"
