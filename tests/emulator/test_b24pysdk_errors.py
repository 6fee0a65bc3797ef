"""The error classes the official Python SDK makes of the emulator's answers."""

from typing import Any

import pytest
from b24pysdk import BitrixApp, BitrixToken
from b24pysdk.errors import (
    BitrixAPIAccessDenied,
    BitrixAPIAccessError,
    BitrixAPIAuthorizationError,
    BitrixAPIError,
    BitrixAPIErrorOAuth,
    BitrixAPIExpiredToken,
    BitrixAPIInsufficientScope,
    BitrixAPIInternalServerError,
    BitrixAPIInvalidToken,
    BitrixAPINotFound,
    BitrixAPIOperationTimeLimit,
    BitrixAPIPaymentRequired,
    BitrixAPIQueryLimitExceeded,
    BitrixAPIUserAccessError,
    BitrixResponse302JSONDecodeError,
    BitrixResponseJSONDecodeError,
)
from b24pysdk.errors.oauth import (
    BitrixOAuthInvalidClient,
    BitrixOAuthInvalidGrant,
    BitrixOAuthNotInstalled,
    BitrixOauthWrongClient,
)

from tests.emulator.client import HELENA, PRIYA, RUTH, WIDGET, Client
from tests.emulator.sdk import token_of
from tests.support.emulator import Emulator

pytestmark = pytest.mark.usefixtures("sdk_wire")


@pytest.mark.parametrize(
    ("client_id", "client_secret", "error"),
    [
        ("app.unknown.1", None, BitrixOauthWrongClient),
        (None, "wrong", BitrixOAuthInvalidClient),
        (None, None, BitrixOAuthInvalidGrant),
    ],
)
def test_oauth_error_classes(
    emulator: Emulator, client_id: str | None, client_secret: str | None, error: type[Exception]
) -> None:
    app = BitrixApp(
        client_id=client_id or emulator.client_id, client_secret=client_secret or emulator.client_secret
    )

    with pytest.raises(error):
        app.refresh_oauth_token("unknown")


def test_refresh_after_an_uninstall(sdk_token: BitrixToken, alpha: Client) -> None:
    alpha.emulator.control.uninstall("alpha")

    with pytest.raises(BitrixOAuthNotInstalled):
        sdk_token.refresh_oauth_token()


def test_error_classes(sdk_token: BitrixToken, alpha: Client, sdk_app: BitrixApp) -> None:
    priya = token_of(alpha, sdk_app, PRIYA)
    cases: list[tuple[BitrixToken, str, dict[str, Any], type[Exception]]] = [
        (sdk_token, "no.such.method", {}, BitrixAPINotFound),
        (priya, "placement.get", {}, BitrixAPIAccessDenied),
        (priya, "im.dialog.get", {"DIALOG_ID": "chat23"}, BitrixAPIAccessError),
        (sdk_token, "placement.bind", WIDGET | {"OPTIONS": {"iconName": "1"}}, BitrixAPIError),
        (token_of(alpha, sdk_app, RUTH), "profile", {}, BitrixAPIAuthorizationError),
    ]
    for caller, method, params, error in cases:
        with pytest.raises(error):
            caller.call_method(method, params)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500", BitrixAPIInternalServerError),
        ("html", BitrixResponseJSONDecodeError),
        ("garbage", BitrixResponseJSONDecodeError),
        ("operation_time_limit", BitrixAPIOperationTimeLimit),
        ("unpaid", BitrixAPIPaymentRequired),
        ("not_installed", BitrixAPIErrorOAuth),
    ],
)
def test_fault_classes(sdk_token: BitrixToken, alpha: Client, fault: str, error: type[Exception]) -> None:
    alpha.emulator.control.fault("alpha", fault)

    with pytest.raises(error):
        sdk_token.call_method("profile")


def test_a_full_bucket(sdk_token: BitrixToken, alpha: Client) -> None:
    alpha.emulator.control.bucket("alpha", x=1, y=0)
    sdk_token.call_method("profile", max_retries=1)

    with pytest.raises(BitrixAPIQueryLimitExceeded):
        sdk_token.call_method("profile", max_retries=1)


def test_dead_and_restricted_tokens(sdk_token: BitrixToken, alpha: Client, sdk_app: BitrixApp) -> None:
    priya = token_of(alpha, sdk_app, PRIYA)
    alpha.emulator.control.access("alpha", [])
    with pytest.raises(BitrixAPIUserAccessError):
        priya.call_method("profile")
    alpha.emulator.control.revoke("alpha", access=True)
    with pytest.raises(BitrixAPIInvalidToken):
        sdk_token.call_method("profile")


def test_an_expired_token_without_a_refresh_token(sdk_token: BitrixToken, alpha: Client) -> None:
    sdk_token.refresh_token = None
    alpha.emulator.control.advance(3601)

    with pytest.raises(BitrixAPIExpiredToken):
        sdk_token.call_method("profile")


def test_a_missing_scope(alpha: Client, sdk_app: BitrixApp) -> None:
    alpha.emulator.control.application(alpha.emulator.client_id, scope=["placement"])
    narrow = token_of(Client.installed(alpha.emulator, "alpha"), sdk_app, HELENA)

    with pytest.raises(BitrixAPIInsufficientScope):
        narrow.call_method("im.dialog.get", {"DIALOG_ID": "chat22"})


def test_a_renamed_portal(sdk_token: BitrixToken, alpha: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BitrixToken, "_AUTO_CHANGED_DOMAIN", False)
    moved = alpha.emulator.control.rename("alpha", alpha.emulator.spare_ports[0])

    with pytest.raises(BitrixResponse302JSONDecodeError) as caught:
        sdk_token.call_method("profile")
    assert caught.value.redirect_url == f"{moved['url']}/rest/profile.json"
