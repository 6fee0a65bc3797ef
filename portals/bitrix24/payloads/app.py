"""Answers about tokens and the application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from portals.bitrix24.addresses import parse_url
from portals.bitrix24.errors import BadAnswer
from portals.bitrix24.payloads.fields import Reply, to_int, to_licence_status, to_scope

# Seconds: what the documentation promises an access token, and the most that we believe.
_USUAL_LIFE = 3600
_LONGEST_LIFE = 24 * 3600
_LONGEST_CODE = 128
_HIGHEST_VERSION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A fresh pair; ``expires_in`` in seconds. The old refresh token is spent.

    There is no second copy of it, so it is asked for nothing but what it is used for; ``authorization_server`` is
    the origin of who answered.
    Source: Bitrix24 REST docs, "OAuth 2.0: refreshing tokens".
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    member_id: str
    authorization_server: str = ""

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> Self:
        """Raises: BadAnswer if a token or ``member_id`` is missing; without a lifetime it is the documented one."""
        reply = Reply(body)
        lifetime = reply.integer("expires_in") or 0
        return cls(
            access_token=reply.need_token("access_token"),
            refresh_token=reply.need_token("refresh_token"),
            expires_in=min(lifetime, _LONGEST_LIFE) if lifetime > 0 else _USUAL_LIFE,
            member_id=reply.need_member_id(),
        )


@dataclass(frozen=True, slots=True)
class AppInfo:
    """The authorization server's word on an access token.

    ``expires`` is the end of the token, with time zone. If ``installed`` is False, ``domain`` and
    ``client_endpoint`` may be "". ``authorization_server`` is the origin of who said so.
    Source: Bitrix24 REST docs, "app.info" of the authorization server.
    """

    client_id: str
    user_id: int
    member_id: str
    installed: bool
    version: int | None
    licence_status: str
    scope: frozenset[str]
    expires: datetime
    domain: str
    client_endpoint: str
    authorization_server: str = ""

    @classmethod
    def parse(cls, result: object) -> Self:
        """Raises: BadAnswer if a part of the proof is missing."""
        reply = Reply.of(result)
        install = Reply.of(reply.get("install"))
        installed = install.flag("installed")
        # While the install wizard is open the application counts as not installed, but has an address already.
        known = installed or install.get("client_endpoint")
        endpoint = install.need_endpoint("client_endpoint") if known else ""
        return cls(
            client_id=reply.need_text("client_id"),
            user_id=reply.need_id("user_id"),
            member_id=install.need_member_id(),
            installed=installed,
            version=_version(install, "version"),
            licence_status=to_licence_status(install.get("status")),
            scope=to_scope(reply.get("scope")),
            expires=_moment(reply.get("expires")),
            # One source for both, so that they cannot disagree.
            domain=parse_url(endpoint).netloc if endpoint else "",
            client_endpoint=endpoint,
        )


@dataclass(frozen=True, slots=True)
class PortalAppInfo:
    """A portal's ``app.info``: which application the token belongs to, as this portal tells it.

    ``days`` is what is left of a trial or subscription, negative in the grace period; None without an end.
    Source: Bitrix24 REST docs, "app.info".
    """

    code: str
    version: int | None
    licence_status: str
    installed: bool
    payment_expired: bool
    days: int | None
    language: str
    licence: str

    @classmethod
    def parse(cls, result: object) -> Self:
        """Raises: BadAnswer without ``CODE``."""
        reply = Reply.of(result)
        return cls(
            code=reply.need_text("CODE", limit=_LONGEST_CODE),
            version=_version(reply),
            licence_status=to_licence_status(reply.get("STATUS")),
            installed=reply.flag("INSTALLED"),
            payment_expired=reply.flag("PAYMENT_EXPIRED"),
            days=reply.integer("DAYS"),
            language=reply.text("LANGUAGE_ID", limit=16).lower(),
            licence=reply.text("LICENSE", limit=64),
        )


def _version(reply: Reply, name: str = "VERSION") -> int | None:
    """A version as the vendor counts them; None for what can be none."""
    number = reply.integer(name)
    return number if number is not None and 0 <= number <= _HIGHEST_VERSION else None


def _moment(value: object) -> datetime:
    """ISO 8601 (UTC if it names no zone) or Unix seconds."""
    seconds = to_int(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None:
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadAnswer("expires_missing")
