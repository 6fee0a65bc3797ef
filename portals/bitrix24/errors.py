# the classes are causes and read as such: "except TokenDead"
"""One family of errors for everything that can go wrong between us and Bitrix24.

A class is a cause the application acts upon; its ``disposition`` alone decides what happens later. Which code of
Bitrix24 means which class stands in `portals.bitrix24.codes`.
"""

import re
from enum import StrEnum
from typing import ClassVar, Final

_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")


class Disposition(StrEnum):
    """What the application does about an error."""

    RETRY_LATER = "retry_later"  # transient: back off with jitter, keep everything
    REFRESH_TOKEN = "refresh_token"  # noqa: S105  # refresh the access token, then repeat once
    TOKEN_DEAD = "token_dead"  # noqa: S105  # this token is refused: another one, or the next open
    NOT_INSTALLED = "not_installed"
    UNPAID = "unpaid"
    PORTAL_GONE = "portal_gone"  # deleted, or its address is no longer a Bitrix24
    PORTAL_MOVED = "portal_moved"  # confirm the new address with the authorization server, then repeat
    DENIED = "denied"  # this person, or this portal's plan, may not; says nothing about the portal's status
    AWAIT_CONFIRMATION = "await_confirmation"  # an administrator has to allow the method; an event tells
    MISCONFIGURED = "misconfigured"  # the operator has to act; retrying and blocking are both wrong
    BUG = "bug"  # our request was wrong: never repeat it unchanged


class Bitrix24Error(Exception):
    """A call to Bitrix24 failed.

    ``code`` is canonical: lower case, ``[a-z0-9_]``, at most 64 characters. ``retry_after`` is in seconds.
    The text of the exception is code and status only: descriptions come from a portal and may repeat a token.
    """

    disposition: ClassVar[Disposition] = Disposition.BUG
    default_code: ClassVar[str] = "unknown_error"

    def __init__(
        self,
        code: str | None = None,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.code = canonical_code(code) if code else self.default_code
        self.http_status = http_status
        self.retry_after = retry_after
        super().__init__(self.code)

    def __str__(self) -> str:
        return self.code if self.http_status is None else f"{self.code} (HTTP {self.http_status})"


class Unreachable(Bitrix24Error):
    """No answer: name not resolved, connection refused or broken, TLS failure."""

    disposition = Disposition.RETRY_LATER
    default_code = "unreachable"


class CertificateRefused(Unreachable):
    """The other side has no certificate that we trust."""

    default_code = "certificate_refused"


class DeadlineExceeded(Unreachable):
    """No complete answer before the deadline."""

    default_code = "deadline_exceeded"


class CircuitOpen(Unreachable):
    """Not called at all: the host has been failing, and is asked again in ``retry_after`` seconds."""

    default_code = "circuit_open"


class BadAnswer(Bitrix24Error):
    """Not what Bitrix24 sends: HTML, broken JSON, or without its essential fields."""

    disposition = Disposition.RETRY_LATER
    default_code = "bad_answer"


class AnswerTooLarge(Bitrix24Error):
    """More than we read of one answer: whoever sends it is up, and tells less if less is asked."""

    disposition = Disposition.RETRY_LATER
    default_code = "answer_too_large"


class ServerTrouble(Bitrix24Error):
    """The other side failed (HTTP 5xx and its codes)."""

    disposition = Disposition.RETRY_LATER
    default_code = "server_trouble"


class CoreFailure(Bitrix24Error):
    """``ERROR_CORE``, "some exception". Of bind methods: bound already, or a rival is at it; look first."""

    disposition = Disposition.RETRY_LATER
    default_code = "error_core"


class RateLimited(Bitrix24Error):
    """The portal's request bucket for our source address is full."""

    disposition = Disposition.RETRY_LATER
    default_code = "query_limit_exceeded"


class TimeBudgetSpent(Bitrix24Error):
    """The method's time budget on this portal is used up until ``operating_reset_at``."""

    disposition = Disposition.RETRY_LATER
    default_code = "operation_time_limit"


class CommandNotRun(Bitrix24Error):
    """A command of a batch that stopped before it."""

    disposition = Disposition.RETRY_LATER
    default_code = "command_not_run"


class TokenExpired(Bitrix24Error):
    """The access token is too old."""

    disposition = Disposition.REFRESH_TOKEN
    default_code = "expired_token"


class TokenDead(Bitrix24Error):
    """The token is refused as unknown, revoked, spent or foreign; whether for good only `GrantDead` says."""

    disposition = Disposition.TOKEN_DEAD
    default_code = "invalid_token"


class GrantDead(TokenDead):
    """The refresh token itself is expired, revoked, spent or foreign (RFC 6749, 5.2): no pair follows it."""

    default_code = "invalid_grant"


class UserInactive(TokenDead):
    """The person behind the token was dismissed. Such a token still refreshes."""

    default_code = "authorization_error"


class AuthorizationFailed(Bitrix24Error):
    """``ERROR_OAUTH`` without a meaning that we know; with one it is another class."""

    disposition = Disposition.RETRY_LATER
    default_code = "error_oauth"


class NotInstalled(Bitrix24Error):
    """The application is gone from the portal."""

    disposition = Disposition.NOT_INSTALLED
    default_code = "not_installed"


class Unpaid(Bitrix24Error):
    """The application's or the portal's subscription has ended."""

    disposition = Disposition.UNPAID
    default_code = "payment_required"


class PortalGone(Bitrix24Error):
    """The portal was deleted, or nothing of Bitrix24 answers at its address."""

    disposition = Disposition.PORTAL_GONE
    default_code = "portal_gone"


class PortalMoved(Bitrix24Error):
    """The portal answered with a redirect to another host.

    ``new_host`` (``host[:port]``) is a claim: confirm it with the authorization server before using it.
    """

    disposition = Disposition.PORTAL_MOVED
    default_code = "portal_moved"

    def __init__(
        self, code: str | None = None, *, new_host: str = "", http_status: int | None = None
    ) -> None:
        super().__init__(code, http_status=http_status)
        self.new_host = new_host


class AccessDenied(Bitrix24Error):
    """The token's user may not do this, or the portal's plan has no REST."""

    disposition = Disposition.DENIED
    default_code = "access_denied"


class NotAdministrator(AccessDenied):
    """The token's user is no administrator of the portal, as its ``profile`` says; when it came to us, yes."""

    default_code = "not_administrator"


class ConfirmationPending(Bitrix24Error):
    """An administrator of the portal has yet to allow the method (``ONAPPMETHODCONFIRM`` tells)."""

    disposition = Disposition.AWAIT_CONFIRMATION
    default_code = "method_confirm_waiting"


class Misconfigured(Bitrix24Error):
    """Credentials, application card or public address are wrong, or Bitrix24 stopped us by hand."""

    disposition = Disposition.MISCONFIGURED
    default_code = "misconfigured"


class ClientRefused(Misconfigured):
    """The authorization server refused our client id or secret.

    It also answers ``invalid_client`` when the application is not installed on the token's portal: one such
    portal is not a wrong secret, all of them are.
    """

    default_code = "invalid_client"


class InsufficientScope(Misconfigured):
    """The application card does not ask for the scope of the method, placement or event."""

    default_code = "insufficient_scope"


class AddressRefused(Misconfigured):
    """We do not call this address: not https, not public and in no trusted network, or malformed."""

    default_code = "address_refused"


class RequestRefused(Bitrix24Error):
    """Bitrix24 refused our request as malformed."""

    disposition = Disposition.BUG
    default_code = "request_refused"


def canonical_code(code: str) -> str:
    """Lower-case form of an error code; ``unreadable_code`` for what cannot be one (it may be a secret)."""
    lowered = code.strip().lower()
    return lowered if _CODE.fullmatch(lowered) else "unreadable_code"
