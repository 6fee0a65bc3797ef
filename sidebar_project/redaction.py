"""The last thing that happens to every log line: what must not be written is struck out.

Code does not log secrets in the first place (tests/support/leaks.py searches what it hands to the loggers); this
stands behind it, for other people's libraries, exceptions and tracebacks.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from structlog.typing import EventDict, WrappedLogger

SECRET: Final = "[redacted]"  # noqa: S105
PERSONAL: Final = "[personal]"

_NAMES: Final = (
    "auth|auth_id|refresh_id|token|secret|client_secret|secret_key|password|passwd|authorization|cookie|session"
    "|sessionid|csrfmiddlewaretoken|credentials|signature"
)
_SECRET_NAME: Final = re.compile(rf"(?:.*[_-])?(?:{_NAMES})", re.IGNORECASE)
_PERSONAL_NAME: Final = re.compile(r"(?:.*_)?(?:name|email|mail|phone|text|note|title|html)", re.IGNORECASE)
# In prose, forms, URLs, JSON and reprs: `auth[access_token]=…`, `"refresh_token": "…"`, `AUTH_ID=…`.
_PAIR: Final = re.compile(
    rf"\b((?:\w*[_-])?(?:{_NAMES})(?:\]|%5D)?[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;.()\[\]{{}}<>]{{8,}}",
    re.IGNORECASE,
)
_SHAPES: Final = (
    (re.compile(r"\b(Bearer|Basic)\s+[^\s\"']+", re.IGNORECASE), rf"\1 {SECRET}"),
    # Signed values of Django: widget and application sessions.
    (re.compile(r"[\w-]{10,}:[\w-]{4,}:[\w-]{20,}"), SECRET),
    # Tokens of Bitrix24 and digests of them; a member_id has 32 characters and stays readable.
    (re.compile(r"[A-Za-z0-9]{33,}"), SECRET),
    (re.compile(r"gAAAA[\w=-]{20,}"), SECRET),  # Fernet
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+@"), f"{SECRET}@"),  # the password of a service's URL
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"), PERSONAL),
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor of structlog: strike secrets and personal data out of a line, by name and by shape."""
    return {key: _field(key, value) for key, value in event.items()}


def redacted(text: str) -> str:
    """``text`` without anything that looks like a secret or a mail address."""
    for secret in _configured():
        text = text.replace(secret, SECRET)
    text = _PAIR.sub(rf"\1{SECRET}", text)
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def _field(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAME.fullmatch(name):
        return SECRET
    if _PERSONAL_NAME.fullmatch(name):
        return PERSONAL
    if isinstance(value, Mapping):
        return {str(key): _field(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_field("", item) for item in value]
    return redacted(str(value))


def _configured() -> tuple[str, ...]:
    """Our own secrets, by value: whatever their shape, they are never to be seen."""
    if not settings.configured:
        return ()
    values = (
        settings.SECRET_KEY,
        settings.BITRIX24_CLIENT_SECRET,
        settings.METRICS_TOKEN,
        *settings.TOKEN_ENCRYPTION_KEYS,
    )
    return tuple(value for value in values if value)
