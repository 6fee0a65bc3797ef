"""From the bytes of an HTTP answer to a result or an error."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from portals.bitrix24.addresses import parse_url
from portals.bitrix24.codes import error_for
from portals.bitrix24.errors import (
    BadAnswer,
    Bitrix24Error,
    PortalGone,
    PortalMoved,
    RateLimited,
    ServerTrouble,
)

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_WAIT: Final = 3600.0  # seconds
_LARGEST: Final = 1e12


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: a JSON object without an error in it."""

    http_status: int
    body: Mapping[str, object]

    @property
    def operating(self) -> float | None:
        """Seconds of the method's time budget spent in the last ten minutes, if the portal says."""
        return _number(self._time.get("operating"))

    @property
    def operating_reset_at(self) -> float | None:
        """Unix time at which the time budget is free again, if the portal says."""
        return _number(self._time.get("operating_reset_at"))

    @property
    def _time(self) -> Mapping[str, object]:
        value = self.body.get("time")
        return value if isinstance(value, Mapping) else {}


def read_answer(http_status: int, headers: Mapping[str, str], content: bytes, *, host: str) -> Answer:
    """Interpret one HTTP answer of ``host`` (``host[:port]``, the address that was called).

    The error code in the body counts before the status, since Bitrix24 sends errors at HTTP 200 too.
    Raises: Bitrix24Error, of the class that names the cause.
    """
    if http_status in _REDIRECTS:
        raise _moved(http_status, headers.get("location", ""), host)
    body = _json_object(content)
    if body is None:
        raise _without_json(http_status, content, _retry_after(headers, {}))
    code = error_code(body)
    if code is not None:
        raise error_for(
            code, http_status, description=error_description(body), retry_after=_retry_after(headers, body)
        )
    if http_status >= HTTPStatus.BAD_REQUEST:
        raise _without_json(http_status, content, _retry_after(headers, body))
    return Answer(http_status, body)


def error_code(body: Mapping[str, object]) -> str | None:
    """The code of an error answer, also of the v3 form ``{"error": {"code": ...}}``; None without."""
    error = body.get("error")
    if isinstance(error, Mapping):
        error = error.get("code", "")
    if error is None or error is False or ("result" in body and error in ("", [])):
        return None
    return str(error) if isinstance(error, str | int) else "unreadable"


def error_description(body: Mapping[str, object]) -> object:
    """The words beside an error's code, whatever they are; they may repeat a token, so nobody logs them."""
    error = body.get("error")
    return error.get("message") if isinstance(error, Mapping) else body.get("error_description")


def _json_object(content: bytes) -> Mapping[str, object] | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _without_json(http_status: int, content: bytes, retry_after: float | None) -> Bitrix24Error:
    code = f"http_{http_status}"
    if http_status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} or (
        http_status >= HTTPStatus.FORBIDDEN and b"portal404" in content
    ):
        return PortalGone(code, http_status=http_status)
    if http_status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(code, http_status=http_status, retry_after=retry_after)
    if http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerTrouble(code, http_status=http_status, retry_after=retry_after)
    return BadAnswer("not_json" if http_status < HTTPStatus.BAD_REQUEST else code, http_status=http_status)


def _moved(http_status: int, location: str, host: str) -> Bitrix24Error:
    try:
        target = parse_url(location).netloc
    except ValueError:
        return BadAnswer("redirect_unreadable", http_status=http_status)
    if target == host:
        return BadAnswer("redirect_to_itself", http_status=http_status)
    return PortalMoved(new_host=target, http_status=http_status)


def _retry_after(headers: Mapping[str, str], body: Mapping[str, object]) -> float | None:
    times = body.get("time")
    reset_at = _number(times.get("operating_reset_at")) if isinstance(times, Mapping) else None
    seconds = _number(headers.get("retry-after")) if reset_at is None else reset_at - time.time()
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)


def _number(value: object) -> float | None:
    """A finite non-negative number, also as text; anything else is None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < _LARGEST else None
