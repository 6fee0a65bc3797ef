"""Faults that can be switched on for a portal or for the authorization server."""

import asyncio
from collections.abc import AsyncIterator, Collection

from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from emulator.errors import ApiError
from emulator.switches import Fault

HUGE_BYTES = 64 * 1024 * 1024
DRIP_SECONDS = 0.5

_ERRORS = {
    "500": ApiError(500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    "query_limit": ApiError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    "overload_limit": ApiError(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
    "operation_time_limit": ApiError(
        429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."
    ),
    "unpaid": ApiError(401, "PAYMENT_REQUIRED", "Payment required"),
    "connection_error": ApiError(401, "CONNECTION_ERROR", "Error connecting to authorization server"),
    "portal_deleted": ApiError(403, "PORTAL_DELETED", "Portal was deleted"),
    "user_access": ApiError(403, "user_access_error", "The user does not have access to the application."),
    "confirmation": ApiError(401, "METHOD_CONFIRM_WAITING", "Waiting for confirmation"),
    "access_denied": ApiError(403, "ACCESS_DENIED", "REST is available only on commercial plans"),
}
_NOT_INSTALLED = {
    "portal": ApiError(401, "ERROR_OAUTH", "Application not installed"),
    "oauth": ApiError(401, "NOT_INSTALLED", "Application not installed"),
}
_PAGES = {
    "html": (
        502,
        "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
    ),
    "portal404": (404, '<html><body><div class="portal404">This Bitrix24 does not exist</div></body></html>'),
}
NAMES = frozenset({*_ERRORS, *_PAGES, "not_installed", "garbage", "huge", "drip"})


def take(fault: Fault, methods: Collection[str] = ()) -> tuple[float, str | None]:
    """The delay in seconds and the error for one request that calls ``methods``; counts `times` down."""
    if (not fault.delay_ms and fault.error is None) or (fault.method and fault.method not in methods):
        return 0.0, None
    delay, error = fault.delay_ms / 1000, fault.error
    if fault.times is not None:
        fault.times -= 1
        if fault.times <= 0:
            fault.delay_ms, fault.error, fault.times, fault.method = 0, None, None, ""
    return delay, error


def answer(error: str, side: str) -> Response:
    """The faulty answer; `side` is "portal" or "oauth"."""
    if error in _PAGES:
        status, page = _PAGES[error]
        return HTMLResponse(page, status)
    if error == "garbage":
        return Response('{"result": {"ID"', media_type="application/json")
    if error == "huge":
        return StreamingResponse(_huge(), media_type="application/json")
    if error == "drip":
        return StreamingResponse(_drip(), media_type="application/json")
    failure = _NOT_INSTALLED[side] if error == "not_installed" else _ERRORS[error]
    return JSONResponse(failure.body(), failure.status)


async def _huge() -> AsyncIterator[bytes]:
    yield b'{"result":"'
    for _ in range(HUGE_BYTES // 65536):
        yield b"x" * 65536
    yield b'"}'


async def _drip() -> AsyncIterator[bytes]:
    yield b"{"
    while True:
        await asyncio.sleep(DRIP_SECONDS)
        yield b" "
