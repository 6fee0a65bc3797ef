"""Every code of the protocol has one class, and the class says what to do."""

import pickle

import pytest

from portals.bitrix24.codes import CLASSES, error_for
from portals.bitrix24.errors import (
    Bitrix24Error,
    CoreFailure,
    Disposition,
    GrantDead,
    NotInstalled,
    PortalMoved,
    RateLimited,
    TokenDead,
    UserInactive,
    canonical_code,
)

D = Disposition

TOKEN_ERRORS = [
    ("invalid_request", 400, D.BUG),
    ("wrong_client", 200, D.MISCONFIGURED),
    ("invalid_client", 400, D.MISCONFIGURED),
    ("invalid_client", 401, D.MISCONFIGURED),
    ("invalid_grant", 400, D.TOKEN_DEAD),
    ("bad_verification_code", 400, D.TOKEN_DEAD),
    ("invalid_scope", 403, D.MISCONFIGURED),
    ("insufficient_scope", 403, D.MISCONFIGURED),
    ("PAYMENT_REQUIRED", 401, D.UNPAID),
    ("NOT_INSTALLED", 401, D.NOT_INSTALLED),
    ("NO_AUTH_FOUND", 401, D.TOKEN_DEAD),
    ("DOMAIN_ERROR", 400, D.PORTAL_GONE),
    ("PORTAL_DELETED", 400, D.PORTAL_GONE),
    ("APPLICATION_NOT_INSTALLED", 400, D.NOT_INSTALLED),
    ("APPLICATION_NOT_FOUND", 400, D.NOT_INSTALLED),
    ("AUTHORIZATION_ERROR", 401, D.TOKEN_DEAD),
    ("ACCESS_DENIED", 403, D.DENIED),
    ("USER_ACCESS_ERROR", 403, D.DENIED),
]

REST_ERRORS = [
    ("expired_token", 401, D.REFRESH_TOKEN),
    ("invalid_token", 401, D.TOKEN_DEAD),
    ("NO_AUTH_FOUND", 401, D.TOKEN_DEAD),
    ("authorization_error", 401, D.TOKEN_DEAD),
    ("APPLICATION_NOT_FOUND", 401, D.NOT_INSTALLED),
    ("ERROR_OAUTH", 401, D.RETRY_LATER),
    ("PAYMENT_REQUIRED", 401, D.UNPAID),
    ("CONNECTION_ERROR", 401, D.RETRY_LATER),
    ("METHOD_CONFIRM_WAITING", 401, D.AWAIT_CONFIRMATION),
    ("METHOD_CONFIRM_DENIED", 403, D.DENIED),
    ("insufficient_scope", 401, D.MISCONFIGURED),
    ("insufficient_scope", 403, D.MISCONFIGURED),
    ("user_access_error", 401, D.DENIED),
    ("user_access_error", 403, D.DENIED),
    ("INVALID_CREDENTIALS", 401, D.DENIED),
    ("INVALID_CREDENTIALS", 403, D.DENIED),
    ("ACCESS_DENIED", 403, D.DENIED),
    ("WRONG_AUTH_TYPE", 403, D.BUG),
    ("allowed_only_intranet_user", 403, D.DENIED),
    ("ERROR_METHOD_NOT_FOUND", 404, D.BUG),
    ("ERROR_MANIFEST_IS_NOT_AVAILABLE", 404, D.BUG),
    ("INVALID_REQUEST", 400, D.BUG),
    ("ERROR_ARGUMENT", 400, D.BUG),
    ("ERROR_BATCH_LENGTH_EXCEEDED", 400, D.BUG),
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", 405, D.BUG),
    ("QUERY_LIMIT_EXCEEDED", 503, D.RETRY_LATER),
    ("OVERLOAD_LIMIT", 503, D.MISCONFIGURED),
    ("OPERATION_TIME_LIMIT", 429, D.RETRY_LATER),
    ("INTERNAL_SERVER_ERROR", 500, D.RETRY_LATER),
    ("ERROR_UNEXPECTED_ANSWER", 500, D.RETRY_LATER),
    ("ERROR_CORE", 500, D.RETRY_LATER),
    ("ERROR_CORE", 400, D.RETRY_LATER),
    ("PORTAL_DELETED", 500, D.PORTAL_GONE),
    ("PORTAL_DELETED", 403, D.PORTAL_GONE),
    ("PORTAL_DELETED", 410, D.PORTAL_GONE),
]

METHOD_ERRORS = [
    ("ACCESS_ERROR", 400, D.DENIED),
    ("ACCESS_ERROR", 403, D.DENIED),
    ("ERROR_WRONG_HANDLER_URL", 400, D.MISCONFIGURED),
    ("ERROR_UNSUPPORTED_PROTOCOL", 400, D.MISCONFIGURED),
    ("ERROR_PLACEMENT_NOT_FOUND", 400, D.MISCONFIGURED),
    ("ERROR_EVENT_NOT_FOUND", 400, D.MISCONFIGURED),
    ("EMPTY_ERROR_ICON_NAME", 200, D.BUG),
    ("INVALID_ERROR_COLOR", 200, D.BUG),
]


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
@pytest.mark.parametrize(("code", "http_status", "disposition"), TOKEN_ERRORS + REST_ERRORS + METHOD_ERRORS)
def test_each_code_has_its_disposition(code, http_status, disposition, spelling):
    error = error_for(spelling(code), http_status)
    assert error.disposition is disposition
    assert error.code == code.lower()
    assert error.http_status == http_status


@pytest.mark.parametrize(
    ("http_status", "disposition"),
    [
        (None, D.BUG),
        (200, D.BUG),
        (400, D.BUG),
        (401, D.DENIED),
        (403, D.DENIED),
        (410, D.PORTAL_GONE),
        (429, D.RETRY_LATER),
        (500, D.RETRY_LATER),
        (504, D.RETRY_LATER),
    ],
)
def test_an_unknown_code_is_classed_by_its_status(http_status, disposition):
    assert error_for("SOMETHING_NEW", http_status).disposition is disposition


def test_the_code_counts_before_the_status():
    assert type(error_for("QUERY_LIMIT_EXCEEDED", 401)) is RateLimited


@pytest.mark.parametrize(
    ("description", "means_it"),
    [
        ("Application not installed", True),
        (" APPLICATION NOT INSTALLED ", True),
        ("Internal error", False),
        ("Application not installed yet", False),
        ("", False),
        (None, False),
        (["Application not installed"], False),
    ],
)
def test_what_error_oauth_means_only_its_description_tells(description, means_it):
    error = error_for("ERROR_OAUTH", 401, description=description)
    assert isinstance(error, NotInstalled) is means_it
    assert error.code == "error_oauth"
    assert "pplication" not in str(error)


def test_only_words_about_the_refresh_token_say_that_it_is_dead():
    dead = {code for code, cause in CLASSES.items() if issubclass(cause, GrantDead)}
    assert dead == {"invalid_grant", "bad_verification_code"}
    assert issubclass(GrantDead, TokenDead)


def test_a_dismissed_user_can_be_told_from_a_dead_token():
    assert isinstance(error_for("authorization_error", 401), UserInactive)
    assert not isinstance(error_for("invalid_token", 401), UserInactive)
    assert issubclass(UserInactive, TokenDead)


@pytest.mark.parametrize("code", ["", "access_token=abc", "a" * 70, "päivä", "x y", "<b>", "\n"])
def test_what_cannot_be_a_code_is_not_repeated(code):
    assert canonical_code(code) == "unreadable_code"


def test_the_text_is_code_and_status_only():
    assert str(error_for("EXPIRED_TOKEN", 401)) == "expired_token (HTTP 401)"
    assert str(CoreFailure()) == "error_core"


def test_errors_survive_pickling_with_what_the_application_needs():
    moved = pickle.loads(pickle.dumps(PortalMoved(new_host="new.example.com", http_status=302)))  # noqa: S301
    assert (moved.new_host, moved.http_status, moved.code) == ("new.example.com", 302, "portal_moved")


def test_every_class_has_its_own_default_code():
    def family(cls: type[Bitrix24Error]) -> list[type[Bitrix24Error]]:
        return [cls, *(member for child in cls.__subclasses__() for member in family(child))]

    codes = [cls.default_code for cls in family(Bitrix24Error)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", ["NO_AUTH_FOUND", " no_auth_found\n", "No_Auth_Found"])
def test_a_code_is_the_same_however_it_is_written(code: str) -> None:
    assert canonical_code(code) == "no_auth_found"
