"""The small API of the application page: JSON with an application session as bearer."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portals.incoming.sessions import ApplicationSession, SessionRefused
from portals.infrastructure.database import GONE
from portals.lifecycle import settings_page
from portals.lifecycle.settings_page import InvalidSettings
from portals.models import Portal
from portals.refusals import Refusal

log = structlog.get_logger(__name__)

Sent = dict[str, Any]
ApplicationView = Callable[[Portal, ApplicationSession, Sent], HttpResponse]


def administrator(view: ApplicationView) -> Callable[[HttpRequest], HttpResponse]:
    """A view of ``(portal, session, sent)`` for who bears an application session; errors are problem details."""

    @csrf_exempt  # a bearer header, not a cookie: another site cannot make a browser send it
    @require_POST
    @wraps(view)
    def handler(request: HttpRequest) -> HttpResponse:
        try:
            session = _session(request)
            response = view(session.open_portal(), session, _sent(request))
        except SessionRefused as refused:
            response = _problem(401, refused.code, _("This page was open for too long; open it again."))
        except InvalidSettings as invalid:
            response = _problem(400, "invalid", _("Please check what is marked."), fields=invalid.fields)
        except Refusal as refusal:
            response = _refused(refusal)
        except GONE:
            response = _refused(Refusal("unavailable"))
        response.headers["Cache-Control"] = "no-store"
        return response

    return handler


@administrator
def save_settings(portal: Portal, session: ApplicationSession, sent: Sent) -> HttpResponse:
    """Settings of the item: stored, bound, obeyed."""
    sidebar = settings_page.read_settings(sent)
    bound = settings_page.save(portal, sidebar, _token(sent))
    return JsonResponse({"settings": sidebar.stored(), "bound": bound})


@administrator
def export(portal: Portal, session: ApplicationSession, sent: Sent) -> HttpResponse:
    """A part of what we hold; the page makes a file of the parts."""
    after = sent.get("after", 0)
    if type(after) is not int or not 0 <= after < 2**63:
        raise InvalidSettings("after")
    part = settings_page.export(portal, _needed_token(sent), after)
    # Of what people wrote a browser makes a file, never a page.
    return JsonResponse(part, headers={"Content-Disposition": 'attachment; filename="chat-notebook.json"'})


@administrator
def erase(portal: Portal, session: ApplicationSession, sent: Sent) -> HttpResponse:
    """Erase all content; answers with a session of the time after."""
    if sent.get("confirm") is not True:
        raise InvalidSettings("confirm")
    settings_page.erase_content(portal, _needed_token(sent))
    return JsonResponse({"session": ApplicationSession.of(portal, session.administrator).sign()})


def _session(request: HttpRequest) -> ApplicationSession:
    scheme, __, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer:
        raise SessionRefused("session_missing")
    return ApplicationSession.read(bearer)


def _sent(request: HttpRequest) -> Sent:
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError, RequestDataTooBig, UnreadablePostError):
        sent = None
    if not isinstance(sent, dict):
        raise InvalidSettings("body")
    return sent


def _token(sent: Sent) -> str | None:
    token = sent.get("access_token")
    return token if isinstance(token, str) and token else None


def _needed_token(sent: Sent) -> str:
    token = _token(sent)
    if token is None:
        raise Refusal("token_missing")
    return token


def _refused(refusal: Refusal) -> JsonResponse:
    said = refusal.explanation
    response = _problem(said.status, refusal.reason, str(said.message))
    if said.retry_after is not None:
        response.headers["Retry-After"] = str(said.retry_after)
    return response


def _problem(status: int, code: str, detail: str, **members: object) -> JsonResponse:
    log.info("application_refused", reason=code, status=status)
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail, **members}
    return JsonResponse(body, status=status, content_type="application/problem+json")
