"""Errors of the API as problem details (RFC 9457), each with a stable ``code``."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from portals.infrastructure.database import GONE
from portals.infrastructure.metrics import counters
from portals.refusals import Refusal

log = structlog.get_logger(__name__)


class Problem(APIException):
    """An error with a status, a code and members of its own."""

    def __init__(
        self, status: int, code: str, detail: Any, *, retry_after: int | None = None, **members: Any
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.members = members
        self.wait = retry_after  # DRF makes the header of it


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None leaves what is no API error to Django."""
    if isinstance(error, GONE):
        error = Refusal("unavailable")
    if isinstance(error, Refusal):
        said = error.explanation
        error = Problem(said.status, error.reason, said.message, retry_after=said.retry_after)
    if isinstance(error, RequestDataTooBig):
        error = Problem(413, "too_large", _("This is far larger than any note."))
    response = exception_handler(error, context)
    if response is None or not isinstance(error, APIException):
        return response
    code, detail, members = _parts(error)
    log.info("api_refused", reason=code, status=response.status_code)
    counters.api_refused(code)
    response.data = {
        # RFC 9457, 4.2.1: of this type, the title is that of the status.
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "detail": detail,
        "code": code,
        **members,
    }
    response.content_type = "application/problem+json"
    return response


def _parts(error: APIException) -> tuple[str, str, dict[str, Any]]:
    if isinstance(error, ValidationError):
        return "invalid", " ".join(_messages(error.detail)), {"errors": _by_field(error.detail)}
    detail = error.detail
    code = detail.code if isinstance(detail, ErrorDetail) else error.default_code
    return str(code), str(detail), getattr(error, "members", {})


def _by_field(detail: Any) -> dict[str, Any]:
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}


def _messages(detail: Any) -> Iterator[str]:
    if isinstance(detail, str):
        yield str(detail)
        return
    for part in detail.values() if isinstance(detail, dict) else detail:
        yield from _messages(part)
