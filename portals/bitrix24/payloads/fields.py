"""Reading single fields: strictly from forms, tolerantly from answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portals.bitrix24.addresses import parse_domain, parse_url
from portals.bitrix24.errors import BadAnswer

LICENCE_STATUSES: Final = frozenset("FDTPLS")
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MEMBER_ID: Final = re.compile(r"[0-9a-f]{32}")
_TOKEN: Final = re.compile(r"[!-~]{1,512}")
_SCOPE: Final = re.compile(r"[a-z0-9_.-]{1,64}")
_DIGITS: Final = re.compile(r"-?[0-9]{1,18}")


class PayloadError(ValueError):
    """A request that Bitrix24 would not have sent. ``reason`` is a stable code, safe to log and to count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of an untrusted form; every reader raises PayloadError and nothing else."""

    fields: Mapping[str, str]

    def text(self, name: str, *, limit: int = 255) -> str:
        """The value, or "" if the field is missing; ``limit`` in characters."""
        value = self.fields.get(name)
        if value is None:
            return ""
        return checked_text(value, limit=limit)

    def member_id(self, name: str = "member_id") -> str:
        """The portal's key, 32 lower-case hexadecimal digits."""
        value = self.text(name).lower()
        if not value:
            raise PayloadError("member_id_missing")
        if not _MEMBER_ID.fullmatch(value):
            raise PayloadError("member_id_invalid")
        return value

    def token(self, name: str) -> str | None:
        """A token, or None if the field is missing or empty."""
        value = self.text(name, limit=512)
        if value and not _TOKEN.fullmatch(value):
            raise PayloadError("token_invalid")
        return value or None

    def matching(self, name: str, pattern: re.Pattern[str], reason: str, *, default: str = "") -> str:
        """The value if ``pattern`` matches all of it, ``default`` if it is missing or empty."""
        value = self.text(name) or default
        if value and not pattern.fullmatch(value):
            raise PayloadError(reason)
        return value

    def integer(self, name: str) -> int | None:
        """A decimal number, None if the field is missing or something else."""
        return to_int(self.text(name))

    def domain(self, name: str, reason: str) -> str:
        """``host[:port]`` in lower case, "" if missing."""
        value = self.text(name)
        try:
            return parse_domain(value) if value else ""
        except ValueError:
            raise PayloadError(reason) from None

    def endpoint(self, name: str, reason: str) -> str | None:
        """An http(s) URL that ends in a slash, None if missing."""
        value = self.text(name)
        try:
            return to_endpoint(value) if value else None
        except ValueError:
            raise PayloadError(reason) from None

    def scope(self, name: str) -> frozenset[str]:
        """Scopes of a list divided by commas or blanks."""
        return to_scope(self.text(name, limit=4096))

    def licence_status(self, name: str = "status") -> str:
        """One of ``F D T P L S``, "" for anything else."""
        return to_licence_status(self.text(name))


def checked_text(value: object, *, limit: int) -> str:
    """``value`` if it is text of at most ``limit`` characters, none of them control or surrogate."""
    if not isinstance(value, str):
        raise PayloadError("value_not_text")
    if len(value) > limit:
        raise PayloadError("value_too_long")
    if _UNPRINTABLE.search(value):
        raise PayloadError("control_characters")
    return value


def to_int(value: object) -> int | None:
    """A whole number, also as text or float; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**18 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 10**15 else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None


def to_bool(value: object) -> bool:
    """True for true, 1, "1", "Y", "true"; False for anything else."""
    if isinstance(value, str):
        return value.strip().upper() in {"Y", "1", "TRUE"}
    return value is True or (isinstance(value, int) and value == 1)


def to_text(value: object, *, limit: int = 1024) -> str:
    """Text without control characters, cut at ``limit``; numbers as text; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return _UNPRINTABLE.sub("", str(value))[:limit]


def to_scope(value: object) -> frozenset[str]:
    """Scopes of a list, or of text divided by commas or blanks (sources disagree)."""
    items = value if isinstance(value, list) else re.split(r"[,\s]+", value) if isinstance(value, str) else []
    return frozenset(
        item.lower() for item in items if isinstance(item, str) and _SCOPE.fullmatch(item.lower())
    )


def to_endpoint(value: str) -> str:
    """An http(s) URL without query, in normal form, ending in a slash. Raises ValueError for others."""
    url = parse_url(value.strip())
    if "?" in url.path or "#" in url.path:
        raise ValueError("a base URL has no query")
    return f"{str(url).rstrip('/')}/"


def to_licence_status(value: object) -> str:
    """One of ``F D T P L S``, "" for anything else."""
    letter = value.strip().upper() if isinstance(value, str) else ""
    return letter if letter in LICENCE_STATUSES else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Fields of an answer, tolerant of PHP's types. The readers named ``need_…`` raise BadAnswer."""

    fields: Mapping[str, object]

    @classmethod
    def of(cls, value: object) -> "Reply":
        """``[]``, false and null are how PHP sends an empty map."""
        return cls(value if isinstance(value, Mapping) else {})

    def get(self, name: str) -> object:
        """The raw value, None if missing."""
        return self.fields.get(name)

    def text(self, name: str, *, limit: int = 1024) -> str:
        """See `to_text`."""
        return to_text(self.get(name), limit=limit)

    def integer(self, name: str) -> int | None:
        """See `to_int`."""
        return to_int(self.get(name))

    def flag(self, name: str) -> bool:
        """See `to_bool`."""
        return to_bool(self.get(name))

    def need_id(self, name: str) -> int:
        """A positive number."""
        number = self.integer(name)
        if number is None or number <= 0:
            raise BadAnswer(f"{name}_missing")
        return number

    def need_token(self, name: str) -> str:
        """A token."""
        value = self.get(name)
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise BadAnswer(f"{name}_missing")
        return value

    def need_text(self, name: str, *, limit: int = 1024) -> str:
        """Text that is not empty, cut at ``limit``."""
        value = self.text(name, limit=limit)
        if not value:
            raise BadAnswer(f"{name}_missing")
        return value

    def need_member_id(self, name: str = "member_id") -> str:
        """The portal's key, 32 lower-case hexadecimal digits."""
        value = self.text(name).lower()
        if not _MEMBER_ID.fullmatch(value):
            raise BadAnswer(f"{name}_missing")
        return value

    def need_endpoint(self, name: str) -> str:
        """An http(s) URL that ends in a slash."""
        try:
            return to_endpoint(self.text(name))
        except ValueError:
            raise BadAnswer(f"{name}_missing") from None
