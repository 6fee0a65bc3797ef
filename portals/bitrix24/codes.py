"""The error codes of Bitrix24 and what each means.

They are compared without regard to case, and before the HTTP status. A portal may answer with any other, and nobody
lists those.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

from portals.bitrix24.errors import (
    AccessDenied,
    AuthorizationFailed,
    Bitrix24Error,
    ClientRefused,
    ConfirmationPending,
    CoreFailure,
    GrantDead,
    InsufficientScope,
    Misconfigured,
    NotInstalled,
    PortalGone,
    RateLimited,
    RequestRefused,
    ServerTrouble,
    TimeBudgetSpent,
    TokenDead,
    TokenExpired,
    Unpaid,
    UserInactive,
    canonical_code,
)

CLASSES: Final[Mapping[str, type[Bitrix24Error]]] = {
    # authorization server
    "invalid_request": RequestRefused,
    "wrong_client": ClientRefused,
    "invalid_client": ClientRefused,
    "invalid_grant": GrantDead,
    "bad_verification_code": GrantDead,
    "invalid_scope": InsufficientScope,
    "insufficient_scope": InsufficientScope,
    "payment_required": Unpaid,
    "not_installed": NotInstalled,
    "application_not_installed": NotInstalled,
    "application_not_found": NotInstalled,
    "domain_error": PortalGone,
    "portal_deleted": PortalGone,
    # authorization of a REST call
    "expired_token": TokenExpired,
    "invalid_token": TokenDead,
    "no_auth_found": TokenDead,
    "authorization_error": UserInactive,
    "error_oauth": AuthorizationFailed,
    "connection_error": ServerTrouble,
    "method_confirm_waiting": ConfirmationPending,
    "method_confirm_denied": AccessDenied,
    "user_access_error": AccessDenied,
    "invalid_credentials": AccessDenied,
    "access_denied": AccessDenied,
    "access_error": AccessDenied,
    "allowed_only_intranet_user": AccessDenied,
    "wrong_auth_type": RequestRefused,
    # the call itself
    "error_method_not_found": RequestRefused,
    "error_manifest_is_not_available": RequestRefused,
    "error_argument": RequestRefused,
    "error_batch_length_exceeded": RequestRefused,
    "error_batch_method_not_allowed": RequestRefused,
    "dialog_id_empty": AccessDenied,  # also the answer to a well-formed id of a kind the portal does not know
    "error_core": CoreFailure,
    # binding
    "error_wrong_handler_url": Misconfigured,
    "error_unsupported_protocol": Misconfigured,
    "error_placement_not_found": InsufficientScope,
    "error_event_not_found": InsufficientScope,
    # load
    "query_limit_exceeded": RateLimited,
    "overload_limit": Misconfigured,
    "operation_time_limit": TimeBudgetSpent,
    "internal_server_error": ServerTrouble,
    "internal_error": ServerTrouble,
    "error_unexpected_answer": ServerTrouble,
}
# Codes of which only the description, in lower case, tells the meaning. Source: portal source, module rest,
# app.layout/component.php, which compares it in the same way (May 2026).
_BY_DESCRIPTION: Final[Mapping[tuple[str, str], type[Bitrix24Error]]] = {
    ("error_oauth", "application not installed"): NotInstalled,
}


def error_for(
    code: str, http_status: int | None = None, *, description: object = "", retry_after: float | None = None
) -> Bitrix24Error:
    """The error of a code Bitrix24 sent; an unknown one is classed by HTTP status (None inside a batch).

    ``description`` is whatever was sent as ``error_description``; it is looked at and not kept.
    """
    canonical = canonical_code(code)
    told = _BY_DESCRIPTION.get((canonical, str(description).strip().lower()))
    cause = told or CLASSES.get(canonical) or _class_by_status(http_status)
    return cause(canonical, http_status=http_status, retry_after=retry_after)


def _class_by_status(http_status: int | None) -> type[Bitrix24Error]:
    if http_status is None:
        return RequestRefused
    if http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerTrouble
    return {401: AccessDenied, 403: AccessDenied, 410: PortalGone, 429: RateLimited}.get(
        http_status, RequestRefused
    )


# Made by this package, of what an answer was instead of what it said.
_OURS: Final = frozenset(
    {
        "address_not_public",
        "answer_incomplete",
        "batch_unreadable",
        "not_json",
        "placement_unreadable",
        "redirect_to_itself",
        "redirect_unexpected",
        "redirect_unreadable",
        "result_missing",
        "unreadable_code",
        "url_refused",
        *(f"http_{status}" for status in (400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504)),
    }
)


def _defaults(family: type[Bitrix24Error]) -> Iterator[str]:
    yield family.default_code
    for child in family.__subclasses__():
        yield from _defaults(child)


KNOWN: Final = frozenset(CLASSES) | frozenset(_defaults(Bitrix24Error)) | _OURS
