"""What every page has in common: its policy, and an answer when the database is away."""

from collections.abc import Callable

import structlog
from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from portals.infrastructure.database import GONE
from portals.refusals import EXPLANATIONS

log = structlog.get_logger(__name__)


class DatabaseAway:
    """Pages that know no better answer (operators' among them) say so with 503 instead of failing with 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls it with what a view raised; None leaves it to Django."""
        if not isinstance(exception, GONE):
            return None
        log.error("page_without_database", path=request.path, reason=type(exception).__name__)
        explanation = EXPLANATIONS["unavailable"]
        context = {"title": explanation.title, "message": explanation.message, "reason": "unavailable"}
        headers = {"Retry-After": str(explanation.retry_after), "Cache-Control": "no-store"}
        response = render(request, "portals/notice.html", context, status=explanation.status)
        for name, value in headers.items():
            response.headers[name] = value
        return response


class ContentSecurityPolicy(CSPMiddleware):
    """As django-csp's, which composes a policy for every answer, even for one that has its own."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Leaves a policy that stands in the answer."""
        return response if HEADER in response else super().process_response(request, response)
