"""Two authorization servers.

SOURCE: portal source rest/lib/Internal/Service/OAuth/AuthorizationServerUrlResolver.php, May 2026; b24restdocs
settings/oauth/index.md, August 2026 (names one only). Whether one knows the tokens of the other's portals is not
documented; here it does not.
"""

import pytest
import requests

from tests.emulator.client import HELENA, Client


@pytest.fixture
def elsewhere(alpha: Client) -> Client:
    """Alpha has the second server."""
    alpha.emulator.control.settings("alpha", authorization_server=1)
    return alpha


def refresh(client: Client, server: int, token: str) -> requests.Response:
    emulator = client.emulator
    form = {"grant_type": "refresh_token", "client_id": emulator.client_id, "refresh_token": token}
    url = f"{emulator.oauth_urls[server]}/oauth/token/"
    return requests.post(url, data=form | {"client_secret": emulator.client_secret}, timeout=10)


def test_a_portal_names_its_server(elsewhere: Client) -> None:
    fields = elsewhere.emulator.control.open("alpha", HELENA, placement="DEFAULT")["fields"]

    assert fields["SERVER_ENDPOINT"] == f"{elsewhere.emulator.oauth_urls[1]}/rest/"


def test_each_server_knows_its_own_tokens(elsewhere: Client) -> None:
    emulator = elsewhere.emulator
    answers = [
        requests.post(f"{url}/rest/app.info", data={"auth": elsewhere.token(HELENA)}, timeout=10)
        for url in emulator.oauth_urls
    ]

    assert (answers[0].status_code, answers[0].json()["error"]) == (401, "NO_AUTH_FOUND")
    assert answers[1].json()["result"]["install"]["member_id"] == emulator.portals["alpha"].member_id


def test_a_refresh_token_is_unknown_to_the_other_and_not_spent_by_it(elsewhere: Client) -> None:
    token = elsewhere.emulator.control.tokens("alpha", HELENA)["refresh_token"]

    assert refresh(elsewhere, 0, token).json()["error"] == "invalid_grant"
    body = refresh(elsewhere, 1, token).json()
    assert body["server_endpoint"] == f"{elsewhere.emulator.oauth_urls[1]}/rest/"
    assert body["domain"] == elsewhere.emulator.oauth_urls[1].removeprefix("http://")


def test_an_outage_of_one_leaves_the_other(elsewhere: Client) -> None:
    elsewhere.emulator.control.fault("oauth", "500")
    token = elsewhere.emulator.control.tokens("alpha", HELENA)["refresh_token"]

    assert refresh(elsewhere, 0, token).status_code == 500
    assert refresh(elsewhere, 1, token).status_code == 200
