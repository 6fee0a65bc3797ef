"""The authorization server."""

from typing import Any

import pytest
import requests

from tests.emulator.client import HELENA, RUTH, Client
from tests.support.emulator import Emulator

OTHER_APP = "app.aa11bb22cc33dd.20000002"


def token_call(emulator: Emulator, http: str = "POST", **params: Any) -> requests.Response:
    url = f"{emulator.oauth_url}/oauth/token/"
    credentials = {"client_id": emulator.client_id, "client_secret": emulator.client_secret}
    values = {"grant_type": "refresh_token", **credentials, **params}
    values = {name: value for name, value in values.items() if value is not None}
    if http == "GET":
        return requests.get(url, params=values, timeout=10)
    return requests.post(url, data=values, timeout=10)


def app_info(emulator: Emulator, token: str) -> requests.Response:
    return requests.get(f"{emulator.oauth_url}/rest/app.info/", params={"auth": token}, timeout=10)


@pytest.mark.parametrize("http", ["GET", "POST"])
def test_refresh_rotates_the_pair(alpha: Client, http: str) -> None:
    pair = alpha.emulator.control.tokens("alpha", HELENA)

    answer = token_call(alpha.emulator, http, refresh_token=pair["refresh_token"])

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {
        "access_token", "refresh_token", "expires", "expires_in", "scope", "domain", "server_endpoint",
        "status", "client_endpoint", "member_id", "user_id",
    }  # fmt: skip
    assert body["refresh_token"] != pair["refresh_token"]
    assert body["expires_in"] == 3600
    assert body["user_id"] == HELENA
    assert body["member_id"] == alpha.emulator.portals["alpha"].member_id
    assert body["client_endpoint"] == alpha.endpoint
    assert body["domain"] == alpha.emulator.oauth_url.removeprefix("http://")


def test_a_refresh_token_is_spent_once(alpha: Client) -> None:
    pair = alpha.emulator.control.tokens("alpha", HELENA)
    token_call(alpha.emulator, refresh_token=pair["refresh_token"])

    again = token_call(alpha.emulator, refresh_token=pair["refresh_token"])

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert alpha.emulator.control.state()["refresh_reuse"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"client_id": "app.unknown.1"}, 200, "wrong_client"),
        ({"client_secret": "wrong"}, 400, "invalid_client"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"refresh_token": None}, 400, "invalid_request"),
        ({"refresh_token": "unknown"}, 400, "invalid_grant"),
    ],
)
def test_token_errors(alpha: Client, changes: dict[str, Any], status: int, code: str) -> None:
    pair = alpha.emulator.control.tokens("alpha", HELENA)

    answer = token_call(alpha.emulator, **{"refresh_token": pair["refresh_token"], **changes})

    assert (answer.status_code, answer.json()["error"]) == (status, code)


@pytest.mark.parametrize("invalid_client", [False, True])
@pytest.mark.parametrize("expiry_first", [False, True])
def test_what_the_documentation_leaves_open_of_an_application_that_left(
    alpha: Client, invalid_client: bool, expiry_first: bool
) -> None:
    control = alpha.emulator.control
    pair = control.tokens("alpha", HELENA)
    control.authority(invalid_client=invalid_client, expiry_first=expiry_first)
    control.uninstall("alpha")
    gone = "invalid_client" if invalid_client else "NOT_INSTALLED"
    told = [
        app_info(alpha.emulator, pair["access_token"]).json()["error"],
        token_call(alpha.emulator, refresh_token=pair["refresh_token"]).json()["error"],
    ]
    assert told == [gone, gone]
    control.advance(3601)
    expired = app_info(alpha.emulator, pair["access_token"]).json()["error"]
    assert expired == ("expired_token" if expiry_first else gone)


def test_wrong_client_says_only_that(alpha: Client) -> None:
    assert token_call(alpha.emulator, client_id="nobody").json() == {"error": "wrong_client"}


def test_refresh_of_another_application_is_refused(alpha: Client) -> None:
    control = alpha.emulator.control
    control.install("alpha", client_id=OTHER_APP)
    foreign = control.tokens("alpha", HELENA, client_id=OTHER_APP)

    answer = token_call(alpha.emulator, refresh_token=foreign["refresh_token"])

    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("days", "status"), [(179, 200), (181, 400)])
def test_a_refresh_token_lives_180_days(alpha: Client, days: int, status: int) -> None:
    pair = alpha.emulator.control.tokens("alpha", HELENA)
    alpha.emulator.control.advance(days * 24 * 3600)

    assert token_call(alpha.emulator, refresh_token=pair["refresh_token"]).status_code == status


def test_unpaid_and_uninstalled_portals_are_named(alpha: Client) -> None:
    control = alpha.emulator.control
    pair = control.tokens("alpha", HELENA)
    control.payment("alpha", paid=False)
    unpaid = token_call(alpha.emulator, refresh_token=pair["refresh_token"])
    control.uninstall("alpha")
    gone = token_call(alpha.emulator, refresh_token=pair["refresh_token"])

    assert (unpaid.status_code, unpaid.json()["error"]) == (401, "PAYMENT_REQUIRED")
    assert (gone.status_code, gone.json()["error"]) == (401, "NOT_INSTALLED")


def test_revoked_refresh_token_is_no_grant(alpha: Client) -> None:
    pair = alpha.emulator.control.tokens("alpha", HELENA)
    alpha.emulator.control.revoke("alpha", refresh=True)

    assert token_call(alpha.emulator, refresh_token=pair["refresh_token"]).json()["error"] == "invalid_grant"
    assert app_info(alpha.emulator, pair["access_token"]).status_code == 200


def test_a_dismissed_user_refreshes_but_cannot_call(alpha: Client) -> None:
    control = alpha.emulator.control
    pair = control.tokens("alpha", RUTH)

    assert token_call(alpha.emulator, refresh_token=pair["refresh_token"]).status_code == 200
    assert alpha.error("profile", RUTH) == (401, "authorization_error")


@pytest.mark.parametrize("path", ["/rest/app.info/", "/rest/app.info", "/rest/App.Info.json"])
def test_app_info_proves_where_a_token_belongs(alpha: Client, path: str) -> None:
    token = alpha.token(HELENA)

    answer = requests.post(f"{alpha.emulator.oauth_url}{path}", json={"auth": token}, timeout=10)

    portal = alpha.emulator.portals["alpha"]
    result = answer.json()["result"]
    assert result["client_id"] == alpha.emulator.client_id
    assert result["user_id"] == HELENA
    assert result["install"]["member_id"] == portal.member_id
    assert result["install"]["client_endpoint"] == portal.client_endpoint
    assert result["install"]["domain"] == portal.domain
    assert result["install"]["installed"] is True
    assert "time" in answer.json()


def test_app_info_before_the_wizard_ends(emulator: Emulator) -> None:
    token = emulator.control.install("alpha")["fields"]["AUTH_ID"]

    assert app_info(emulator, token).json()["result"]["install"]["installed"] is False


def test_app_info_refuses_bad_tokens(alpha: Client) -> None:
    token = alpha.token(HELENA)
    unknown = app_info(alpha.emulator, "unknown")
    alpha.emulator.control.advance(3601)
    expired = app_info(alpha.emulator, token)
    alpha.emulator.control.uninstall("alpha")
    gone = app_info(alpha.emulator, token)

    assert (unknown.status_code, unknown.json()["error"]) == (401, "NO_AUTH_FOUND")
    assert (expired.status_code, expired.json()["error"]) == (401, "expired_token")
    assert (gone.status_code, gone.json()["error"]) == (401, "NOT_INSTALLED")


def test_faults_of_the_authorization_server(alpha: Client) -> None:
    control = alpha.emulator.control
    control.fault("oauth", "500", times=1)

    assert token_call(alpha.emulator, refresh_token="x").status_code == 500
    assert token_call(alpha.emulator, refresh_token="x").status_code == 400
