"""Every error of bitrix24's tables: what becomes of the token, of its portal, and when we ask again."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals import calls, tokens
from portals.bitrix24.errors import Bitrix24Error, RateLimited
from portals.consequences import SELDOM, SOON
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalToken
from tests.portals.bitrix24.scripted import ScriptedServer, answer, read_request, scripted
from tests.support.emulator import Emulator
from tests.support.paper import paper_portals

pytestmark = pytest.mark.django_db

KEPT = ("active", "")
DEAD = ("blocked", "token_dead")

# Source: Bitrix24 REST docs, "OAuth 2.0" and "Errors"; SDKs for the variants of letter case and status.
OF_AUTHORIZATION_SERVER = [
    (400, "invalid_request", KEPT, SELDOM),
    (200, "wrong_client", KEPT, SELDOM),
    (400, "invalid_client", KEPT, SELDOM),
    (401, "INVALID_CLIENT", KEPT, SELDOM),
    (400, "invalid_grant", DEAD, None),
    (400, "bad_verification_code", DEAD, None),
    (401, "NO_AUTH_FOUND", DEAD, None),
    (401, "invalid_token", DEAD, None),
    (401, "AUTHORIZATION_ERROR", DEAD, None),
    (403, "invalid_scope", KEPT, SELDOM),
    (403, "insufficient_scope", KEPT, SELDOM),
    (401, "PAYMENT_REQUIRED", ("blocked", "unpaid"), SELDOM),
    (401, "NOT_INSTALLED", ("deleted", "not_installed"), None),
    (401, "APPLICATION_NOT_INSTALLED", ("deleted", "not_installed"), None),
    (401, "APPLICATION_NOT_FOUND", ("deleted", "not_installed"), None),
    (400, "DOMAIN_ERROR", ("blocked", "portal_gone"), SELDOM),
    (403, "PORTAL_DELETED", ("blocked", "portal_gone"), SELDOM),
    (403, "ACCESS_DENIED", KEPT, SELDOM),
    (403, "USER_ACCESS_ERROR", KEPT, SELDOM),
    (401, "CONNECTION_ERROR", KEPT, SOON),
    (503, "QUERY_LIMIT_EXCEEDED", KEPT, SOON),
    (503, "OVERLOAD_LIMIT", KEPT, SELDOM),
    (429, "OPERATION_TIME_LIMIT", KEPT, SOON),
    (500, "INTERNAL_SERVER_ERROR", KEPT, SOON),
    (500, "ERROR_UNEXPECTED_ANSWER", KEPT, SOON),
    (400, "ERROR_CORE", KEPT, SOON),
    (400, "something_new", KEPT, SELDOM),
    (500, "something_new", KEPT, SOON),
    (500, None, KEPT, SOON),
    (502, None, KEPT, SOON),
    (200, None, KEPT, SOON),
    (403, None, KEPT, SOON),
    (404, None, KEPT, SOON),
    (302, None, KEPT, SOON),
]
OF_PORTAL = [
    (401, "invalid_token", DEAD),
    (401, "NO_AUTH_FOUND", DEAD),
    (401, "authorization_error", DEAD),
    (401, "APPLICATION_NOT_FOUND", ("blocked", "not_installed")),
    (401, "ERROR_OAUTH", ("blocked", "not_installed")),
    (401, "PAYMENT_REQUIRED", ("blocked", "unpaid")),
    (401, "CONNECTION_ERROR", KEPT),
    (401, "METHOD_CONFIRM_WAITING", KEPT),
    (403, "METHOD_CONFIRM_DENIED", KEPT),
    (403, "insufficient_scope", KEPT),
    (401, "insufficient_scope", KEPT),
    (403, "user_access_error", KEPT),
    (403, "INVALID_CREDENTIALS", KEPT),
    (403, "ACCESS_DENIED", KEPT),
    (403, "WRONG_AUTH_TYPE", KEPT),
    (403, "allowed_only_intranet_user", KEPT),
    (404, "ERROR_METHOD_NOT_FOUND", KEPT),
    (400, "INVALID_REQUEST", KEPT),
    (503, "QUERY_LIMIT_EXCEEDED", KEPT),
    (503, "OVERLOAD_LIMIT", KEPT),
    (429, "OPERATION_TIME_LIMIT", KEPT),
    (500, "INTERNAL_SERVER_ERROR", KEPT),
    (400, "something_new", KEPT),
    (502, None, KEPT),
    (200, None, KEPT),
]


@contextmanager
def saying(status: int, code: str | None, *headers: str, **body: Any) -> Iterator[ScriptedServer]:
    """A server whose every answer is this error, or a page if there is no code."""
    content = json.dumps({"error": code} | body).encode() if code else b"<html><h1>Hello</h1></html>"
    reply = answer(f"{status} Whatever", content, *headers)

    def script(connection: Any) -> None:
        while read_request(connection):
            connection.sendall(reply)

    with scripted(script) as server:
        yield server


def standing(token: PortalToken) -> tuple[str, str]:
    portal = Portal.objects.get(pk=token.portal_id)
    return portal.status, portal.status_reason


@pytest.mark.parametrize("row", OF_AUTHORIZATION_SERVER, ids=lambda row: f"{row[0]}-{row[1]}")
def test_errors_of_the_authorization_server(emulator: Emulator, settings: Any, row: Any) -> None:
    status, code, expected, patience = row
    [token] = paper_portals(emulator, 1)
    before = timezone.now()
    with saying(status, code) as server:
        settings.BITRIX24_OAUTH_URL = [server.url.rstrip("/")]
        with pytest.raises(Bitrix24Error):
            tokens.refresh_due(token.pk)

    assert standing(token) == expected
    left = PortalToken.objects.filter(pk=token.pk).first()
    assert (left is None) == (expected[0] == "deleted")
    if left is None:
        return
    assert (left.dead_at is not None) == (expected == DEAD)
    assert (left.spending_since, left.leased_until, left.generation) == (None, None, 1)
    assert left.last_error
    if patience is not None:
        assert left.failures == 1
        assert left.refresh_due_at is not None
        assert timedelta(0) <= left.refresh_due_at - before <= timedelta(seconds=patience.first + 2)


@pytest.mark.parametrize(("status", "code", "expected"), OF_PORTAL)
def test_errors_of_a_portal(
    emulator: Emulator, status: int, code: str | None, expected: tuple[str, str]
) -> None:
    [token] = paper_portals(emulator, 1, due_in=timedelta(minutes=50))
    with saying(status, code) as server:
        Portal.objects.update(client_endpoint=f"{server.url}rest/")
        client = calls.PortalClient(Portal.objects.get())
        with pytest.raises(Bitrix24Error):
            client.call("profile")

    assert standing(token) == expected
    left = PortalToken.objects.get()  # a portal's word alone destroys nothing
    assert (left.dead_at is not None) == (expected == DEAD)


@pytest.mark.parametrize("fault", ["portal_deleted", "portal404"])
def test_a_portal_that_is_gone_is_blocked_once_the_authorization_server_knows_no_other_address(
    emulator: Emulator, installed: Callable[..., Portal], fault: str
) -> None:
    portal = installed()
    emulator.control.fault("alpha", fault)

    with pytest.raises(Bitrix24Error):
        calls.PortalClient(portal).call("profile")

    assert standing(PortalToken.objects.get()) == ("blocked", "portal_gone")


def test_backoff_is_exponential_with_full_jitter() -> None:
    error = RateLimited()
    for failures, ceiling in [(0, 30), (1, 60), (3, 240), (7, 3600), (5000, 3600)]:
        waits = [SOON.wait(failures, error) for _ in range(500)]
        assert 0 <= min(waits) < ceiling * 0.1
        assert ceiling * 0.9 < max(waits) <= ceiling


@pytest.mark.parametrize("way", ["header", "body"])
def test_bitrix24_says_when_to_come_back(emulator: Emulator, settings: Any, way: str) -> None:
    [token] = paper_portals(emulator, 1)
    headers = ["Retry-After: 900"] if way == "header" else []
    body = {} if way == "header" else {"time": {"operating_reset_at": time.time() + 900}}
    with saying(429, "OPERATION_TIME_LIMIT", *headers, **body) as server:
        settings.BITRIX24_OAUTH_URL = [server.url.rstrip("/")]
        with pytest.raises(Bitrix24Error):
            tokens.refresh_due(token.pk)
    token.refresh_from_db()
    assert token.refresh_due_at is not None
    wait = (token.refresh_due_at - timezone.now()).total_seconds()
    assert 895 < wait < 935


@pytest.mark.parametrize("reason", ["unpaid", "token_dead", "not_installed"])
def test_a_successful_refresh_disproves_what_blocked_the_portal(emulator: Emulator, reason: str) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block(reason)
    tokens.refresh_due(token.pk)
    assert standing(token) == ("active", "token_refreshed")


@pytest.mark.parametrize("reason", [BLOCKED_BY_OPERATOR, "portal_gone"])
def test_a_successful_refresh_says_nothing_about_other_reasons(emulator: Emulator, reason: str) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block(reason)
    tokens.refresh_due(token.pk)
    assert standing(token) == ("blocked", reason)


def test_the_block_of_an_operator_is_not_overwritten(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block(BLOCKED_BY_OPERATOR)
    emulator.control.fault("oauth", "unpaid")
    with pytest.raises(Bitrix24Error):
        tokens.refresh_due(token.pk)
    assert standing(token) == ("blocked", BLOCKED_BY_OPERATOR)
