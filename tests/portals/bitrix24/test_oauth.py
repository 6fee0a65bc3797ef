"""The authorization server, over HTTP."""

import pytest

from portals.bitrix24.errors import (
    BadAnswer,
    ClientRefused,
    Disposition,
    NotInstalled,
    ServerTrouble,
    TokenDead,
    Unpaid,
)
from portals.bitrix24.oauth import AuthorizationServer
from portals.bitrix24.transport import CallRecord, Transport
from tests.portals.bitrix24.conftest import ADMIN
from tests.support.emulator import Emulator


def test_refresh_spends_the_token_and_returns_the_pair(installed: Emulator, server: AuthorizationServer):
    old = installed.control.tokens("alpha", ADMIN)
    pair = server.refresh(old["refresh_token"])
    portal = installed.portals["alpha"]
    assert pair.member_id == portal.member_id
    assert pair.refresh_token != old["refresh_token"]
    assert server.app_info(pair.access_token).user_id == ADMIN
    with pytest.raises(TokenDead) as caught:
        server.refresh(old["refresh_token"])
    assert caught.value.code == "invalid_grant"


def test_secrets_travel_in_the_body_alone(installed: Emulator, server: AuthorizationServer):
    tokens = installed.control.tokens("alpha", ADMIN)
    server.app_info(tokens["access_token"])
    server.refresh(tokens["refresh_token"])
    sent = installed.control.requests("oauth")
    assert [(request["http"], request["method"]) for request in sent] == [
        ("POST", "app.info"),
        ("POST", "oauth.token"),
    ]
    assert all("?" not in request["path"] for request in sent)
    assert "client_secret" not in sent[0]["params"]
    assert sent[1]["params"]["client_secret"] == installed.client_secret


def test_refresh_is_one_attempt(installed: Emulator, server: AuthorizationServer):
    token = installed.control.tokens("alpha", ADMIN)["refresh_token"]
    installed.control.fault("oauth", "500")
    with pytest.raises(ServerTrouble):
        server.refresh(token)
    assert len(installed.control.requests("oauth")) == 1


def test_app_info_proves_a_token(installed: Emulator, server: AuthorizationServer):
    info = server.app_info(installed.control.tokens("alpha", ADMIN)["access_token"])
    portal = installed.portals["alpha"]
    assert (info.client_id, info.member_id, info.user_id) == (installed.client_id, portal.member_id, ADMIN)
    assert (info.installed, info.domain, info.client_endpoint) == (
        True,
        portal.domain,
        portal.client_endpoint,
    )
    assert info.expires.timestamp() > installed.control.state()["now"]
    assert {"im", "placement"} <= info.scope


def test_app_info_tells_an_unfinished_installation(emulator: Emulator, server: AuthorizationServer):
    form = emulator.control.install("alpha", ADMIN)
    assert server.app_info(form["fields"]["AUTH_ID"]).installed is False


def test_app_info_of_an_unknown_token(emulator: Emulator, server: AuthorizationServer):
    with pytest.raises(TokenDead):
        server.app_info("never-issued")


def test_wrong_client_at_http_200(installed: Emulator, transport: Transport):
    stranger = AuthorizationServer(installed.oauth_url, "app.unknown.1", "x", transport)
    with pytest.raises(ClientRefused) as caught:
        stranger.refresh("any")
    assert (caught.value.code, caught.value.http_status) == ("wrong_client", 200)
    assert caught.value.disposition is Disposition.MISCONFIGURED


def test_wrong_secret(installed: Emulator, transport: Transport):
    stranger = AuthorizationServer(installed.oauth_url, installed.client_id, "wrong", transport)
    with pytest.raises(ClientRefused) as caught:
        stranger.refresh(installed.control.tokens("alpha", ADMIN)["refresh_token"])
    assert caught.value.code == "invalid_client"


def test_unpaid_and_uninstalled(installed: Emulator, server: AuthorizationServer):
    token = installed.control.tokens("alpha", ADMIN)["refresh_token"]
    installed.control.payment("alpha", paid=False)
    with pytest.raises(Unpaid):
        server.refresh(token)
    installed.control.payment("alpha", paid=True)
    installed.control.uninstall("alpha")
    with pytest.raises((NotInstalled, TokenDead)):
        server.refresh(token)


@pytest.mark.parametrize(
    ("fault", "cause"), [("html", ServerTrouble), ("garbage", BadAnswer), ("portal404", BadAnswer)]
)
def test_faults_of_the_server(installed: Emulator, server: AuthorizationServer, fault, cause):
    token = installed.control.tokens("alpha", ADMIN)["refresh_token"]
    installed.control.fault("oauth", fault, times=1)
    with pytest.raises(cause):
        server.refresh(token)
    assert server.refresh(token).member_id == installed.portals["alpha"].member_id


def test_nothing_secret_shows(installed: Emulator, server: AuthorizationServer, records: list[CallRecord]):
    tokens = installed.control.tokens("alpha", ADMIN)
    server.refresh(tokens["refresh_token"])
    with pytest.raises(TokenDead) as caught:
        server.refresh(tokens["refresh_token"])
    shown = repr(server) + repr(records) + repr(caught.value) + str(caught.value)
    for secret in (*(tokens[name] for name in ("access_token", "refresh_token")), installed.client_secret):
        assert secret not in shown
    assert [(record.method, record.http_status, record.error_code) for record in records] == [
        ("oauth.token", 200, None),
        ("oauth.token", 400, "invalid_grant"),
    ]
