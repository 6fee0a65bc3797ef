"""Frames: the pages that Bitrix24 opens by a form POST in an iframe, and what all of them have in common."""

import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any

import structlog
from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import Promise
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt

from portals.bitrix24.languages import language
from portals.bitrix24.payloads import OpenRequest, PayloadError
from portals.infrastructure.database import GONE
from portals.infrastructure.metrics import counters
from portals.outgoing import suspicion
from portals.refusals import Refusal

log = structlog.get_logger(__name__)

# The key of ``request.META`` under which a view may say how it served an open.
OUTCOME = "open.outcome"
# Stands for the nonce of one answer in what is kept for many.
NONCE = "nonce-of-this-answer"
# Seconds to which a wait grows that is repeated, doubled each time.
_LONGEST_WAIT = 60
_MOST_TRIES = 6
FrameView = Callable[[HttpRequest, OpenRequest], HttpResponse]


def frame(
    *, name: str | Promise, purpose: str | Promise, refused_template: str
) -> Callable[[FrameView], Callable[..., HttpResponse]]:
    """Make a view of ``(request, open_request)`` the handler of an iframe URL.

    A GET tells what the address is for (moderators probe every URL); anything unreadable and every `Refusal`
    becomes a page with its status and a log line with its reason. ``open_request`` is a claim until proved.
    """

    def decorate(view: FrameView) -> Callable[..., HttpResponse]:
        @csrf_exempt  # the form comes from another site by design; what it claims is proved by its token
        @xframe_options_exempt  # frame-ancestors says more precisely who may embed us
        @wraps(view)
        def handler(request: HttpRequest, **_: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return render(request, "portals/address.html", {"name": name, "purpose": purpose})
            if request.method != "POST":
                return HttpResponse("Only GET and POST.", status=405, headers={"Allow": "GET, HEAD, POST"})
            return _open(request, view, refused_template)

        return handler

    return decorate


def _open(request: HttpRequest, view: FrameView, refused_template: str) -> HttpResponse:
    started = time.monotonic()
    opened: OpenRequest | None = None
    outcome, reason = "failed", ""
    try:
        opened = _parse(request)
        with translation.override(language(opened.lang).django), suspicion.limited(request):
            response = _run(request, view, opened)
        outcome = request.META.get(OUTCOME, "served")
    except Refusal as refusal:
        outcome, reason = "refused", refusal.reason
        response = _refused(request, refusal, opened, refused_template)
    finally:
        counters.opened(view.__name__, outcome, time.monotonic() - started, reason)
    response.headers["Cache-Control"] = "no-store"
    return response


def _run(request: HttpRequest, view: FrameView, opened: OpenRequest) -> HttpResponse:
    """Raises: Refusal."""
    try:
        return view(request, opened)
    except GONE as error:
        raise Refusal("unavailable", detail=type(error).__name__) from None


def _parse(request: HttpRequest) -> OpenRequest:
    try:
        return OpenRequest.parse(request.GET.dict(), request.POST.dict())
    except PayloadError as error:
        raise Refusal(error.reason) from None
    except RequestDataTooBig:
        raise Refusal("body_too_large") from None
    except UnreadablePostError:
        raise Refusal("body_truncated") from None


def _refused(
    request: HttpRequest, refusal: Refusal, opened: OpenRequest | None, template: str
) -> HttpResponse:
    explanation = refusal.explanation
    log.warning(
        "open_refused",
        reason=refusal.reason,
        detail=refusal.detail,
        path=request.path,
        portal=opened.member_id if opened else None,
    )
    # Of a form that could not be read nothing is read again.
    tries, retry_after = _tries(request) if opened else 0, explanation.retry_after
    if retry_after is not None:
        retry_after = max(retry_after, min(retry_after * 2**tries, _LONGEST_WAIT))
    context = {
        "title": explanation.title,
        "message": explanation.message,
        "hint": explanation.hint,
        "retry_after": retry_after,
        "tries": tries,
        "reason": refusal.reason,
    }
    with translation.override(language(opened.lang if opened else "en").django):
        response = render(request, template, context, status=explanation.status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if opened is None:
        return response
    # The page holds nothing of anybody, so the unproved address of who asks is enough to show it there.
    schemes = ("http", "https") if settings.BITRIX24_TRUSTED_NETWORKS else ("https",)
    return embeddable(request, response, *(f"{scheme}://{opened.domain}" for scheme in schemes))


def _tries(request: HttpRequest) -> int:
    """How often in a row the page that asks says it was sent away before: the wait grows with it."""
    said = request.POST.get("tries", "")
    return min(int(said), _MOST_TRIES) if re.fullmatch(r"[0-9]{1,3}", said) else 0


def embeddable(
    request: HttpRequest, response: HttpResponse, *origins: str, images: Sequence[str] = ()
) -> HttpResponse:
    """Let pages of ``origins`` and of nobody else frame ``response``; it may call their REST, show ``images``."""
    policy = _policy(origins, tuple(images)).replace(NONCE, nonce_of(request))
    response.headers["Content-Security-Policy"] = policy
    return response


def nonce_of(request: HttpRequest) -> str:
    """What this answer's policy allows styles and scripts by."""
    return str(request.csp_nonce)  # type: ignore[attr-defined] # django-csp's middleware puts it there


@lru_cache(maxsize=1000)
def _policy(origins: tuple[str, ...], images: tuple[str, ...]) -> str:
    policy = {"frame-ancestors": [*origins], "connect-src": ["'self'", *origins]}
    if images:
        policy["img-src"] = ["'self'", "data:", *images]
    return build_policy(replace=policy, nonce=NONCE)


def image_sources(origin: str) -> list[str]:
    """Where a portal's avatars may lie: at its own address and, in the cloud, at the delivery network of its zone.

    Other addresses are not loaded, people there are shown by their initials.
    """
    zone = re.fullmatch(r"https://[a-z0-9-]+\.(bitrix24\.([a-z.]{2,6}))", origin)
    if zone is None:
        return [origin]
    return [origin, f"https://cdn.{zone[1]}", f"https://cdn-{zone[2]}.{zone[1]}"]
