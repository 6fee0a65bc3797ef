"""The last thing that happens to every log line: what must not be written is struck out.

Code does not log secrets in the first place (tests/support/leaks.py searches what it hands to the loggers); this
stands behind it, for other people's libraries, exceptions and tracebacks.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
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
# Written by processors alone.
_OURS: Final = frozenset({"timestamp", "level", "logger"})
# Too short and too plain for any of the shapes: most values of most lines.
_PLAIN: Final = re.compile(r"[\w./<>-]{0,32}")
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
    configured = _configured()
    return {key: value if key in _OURS else _field(key, value, configured) for key, value in event.items()}


def _redacted(text: str, configured: Sequence[str]) -> str:
    for secret in configured:
        text = text.replace(secret, SECRET)
    if _PLAIN.fullmatch(text):
        return text
    text = _PAIR.sub(rf"\1{SECRET}", text)
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def _field(name: str, value: Any, configured: Sequence[str]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    replacement = _by_name(name)
    if replacement is not None:
        return replacement
    if isinstance(value, Mapping):
        return {str(key): _field(str(key), item, configured) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_field("", item, configured) for item in value]
    return _redacted(str(value), configured)


@lru_cache(maxsize=1000)
def _by_name(name: str) -> str | None:
    """What stands for the value of a field whose name gives it away."""
    if _SECRET_NAME.fullmatch(name):
        return SECRET
    return PERSONAL if _PERSONAL_NAME.fullmatch(name) else None


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
