"""One id for everything that a request sets off: its log lines, the tasks it leaves behind, the calls they make.

The id lives in structlog's context variables, so every line has it without being asked. A task takes it along in
the headers of its message; calls to Bitrix24 carry it as ``X-Request-ID`` and in `ApiCall`.
"""

import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextvars import Token
from typing import Any, Final

import structlog
from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, reset_contextvars

from portals.incoming.frames import OUTCOME
from portals.infrastructure.metrics import counters

log = structlog.get_logger("sidebar_project.requests")

# What proxies make: a UUID, or as many hexadecimal digits. Nobody writes anything else into our logs.
_WELL_FORMED: Final = re.compile(r"[0-9A-Fa-f-]{16,36}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines; said only to whoever wants to hear everything.
_QUIET: Final = frozenset({"healthz", "readyz", "metrics", "static"})


class RequestLog:
    """Middleware: gives every request its id, its log line and its place in the metrics.

    The line has the route, never path parameters nor the query string: Bitrix24 puts tokens there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        request_id = _accepted(request.META.get("HTTP_X_REQUEST_ID", ""))
        with bound_contextvars(request_id=request_id):
            response = self._get_response(request)
            _note(request, response.status_code, time.monotonic() - started)
        response.headers["X-Request-ID"] = request_id
        return response


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    route, method = _route(request), request.method if request.method in _METHODS else "other"
    counters.requested(route, str(method), status, seconds)
    say = log.debug if route in _QUIET else log.info
    how = {"open": request.META[OUTCOME]} if OUTCOME in request.META else {}
    say("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), **how)


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is not None:
        return match.route or "/"
    return "static" if request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "unmatched"


def _accepted(given: str) -> str:
    return given if _WELL_FORMED.fullmatch(given) else _new_id()


def _new_id() -> str:
    return uuid.uuid4().hex


_HEADER: Final = "request_id"
# What the id of a running task replaced in its thread, by the id of the task.
_replaced: dict[str, Mapping[str, Token[Any]]] = {}


@before_task_publish.connect
def _take_along(headers: dict[str, Any], **_: Any) -> None:
    request_id = get_contextvars().get(_HEADER)
    if request_id:
        headers[_HEADER] = request_id


@task_prerun.connect
def _begin(task_id: str, task: "Task[Any, Any]", **_: Any) -> None:
    given = task.request.get(_HEADER) or get_contextvars().get(_HEADER) or _new_id()
    _replaced[task_id] = bind_contextvars(request_id=given, task=task.name)


@task_postrun.connect
def _end(task_id: str, **_: Any) -> None:
    reset_contextvars(**_replaced.pop(task_id, {}))
