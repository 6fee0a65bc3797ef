"""Every error of bitrix24's tables: what becomes of the token, of its portal, and when we ask again."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals.bitrix24.errors import Bitrix24Error, Disposition, RateLimited, Unpaid
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalToken
from portals.outgoing import consequences
from portals.outgoing.consequences import SELDOM, SOON, Source
from portals.tokens import pairs, portal_client
from tests.portals.bitrix24.scripted import ScriptedServer, answer, read_request, scripted
from tests.support.authorization import confirming
from tests.support.emulator import Emulator
from tests.support.opens import Opens
from tests.support.paper import paper_portals

pytestmark = pytest.mark.django_db

KEPT = ("active", "")
DEAD = ("blocked", "token_dead")
GONE = ("blocked", "not_installed")
REFUSED = ("blocked", "token_refused")
BURYING = {"invalid_grant", "bad_verification_code"}

# Source: Bitrix24 REST docs, "OAuth 2.0" and "Errors"; SDKs for the variants of letter case and status.
OF_AUTHORIZATION_SERVER = [
    (400, "invalid_request", KEPT, SELDOM),
    (200, "wrong_client", KEPT, SELDOM),
    (400, "invalid_client", KEPT, SELDOM),
    (401, "INVALID_CLIENT", KEPT, SELDOM),
    (400, "invalid_grant", DEAD, None),
    (400, "bad_verification_code", DEAD, None),
    (401, "NO_AUTH_FOUND", DEAD, SELDOM),
    (401, "invalid_token", DEAD, SELDOM),
    (401, "AUTHORIZATION_ERROR", DEAD, SELDOM),
    (401, "expired_token", KEPT, SOON),
    (403, "invalid_scope", KEPT, SELDOM),
    (403, "insufficient_scope", KEPT, SELDOM),
    (401, "PAYMENT_REQUIRED", ("blocked", "unpaid"), SELDOM),
    (401, "NOT_INSTALLED", GONE, SELDOM),
    (401, "APPLICATION_NOT_INSTALLED", GONE, SELDOM),
    (401, "APPLICATION_NOT_FOUND", GONE, SELDOM),
    (400, "ERROR_OAUTH: Application not installed", GONE, SELDOM),
    (400, "ERROR_OAUTH: Internal error", KEPT, SOON),
    (400, "ERROR_OAUTH: Wrong client", KEPT, SOON),
    (401, "ERROR_OAUTH", KEPT, SOON),
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
    (401, "invalid_token", REFUSED),
    (401, "NO_AUTH_FOUND", REFUSED),
    (401, "authorization_error", REFUSED),
    (400, "invalid_grant", REFUSED),
    (401, "APPLICATION_NOT_FOUND", GONE),
    (401, "ERROR_OAUTH: Application not installed", GONE),
    (401, "ERROR_OAUTH: Internal error", KEPT),
    (401, "ERROR_OAUTH", KEPT),
    (403, "PORTAL_DELETED", ("blocked", "portal_gone")),
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
    """A server whose every answer is this error ("CODE: description"), or a page if there is no code."""
    error, _, description = (code or "").partition(": ")
    told = {"error": error} | ({"error_description": description} if description else {}) | body
    content = json.dumps(told).encode() if code else b"<html><h1>Hello</h1></html>"
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
            pairs.refresh_due(token.pk)

    assert standing(token) == expected
    left = PortalToken.objects.get()  # no single answer ends an installation
    assert (left.dead_at is not None) == (code in BURYING)
    assert (left.spending_since, left.leased_until, left.generation) == (None, None, 1)
    assert left.last_error
    if patience is not None:
        assert left.failures == 1
        assert left.refresh_due_at is not None
        assert timedelta(0) <= left.refresh_due_at - before <= timedelta(seconds=patience.first + 2)


@pytest.mark.parametrize(("status", "code", "expected"), OF_PORTAL)
def test_errors_of_a_portal(
    emulator: Emulator, settings: Any, status: int, code: str | None, expected: tuple[str, str]
) -> None:
    [token] = paper_portals(emulator, 1, due_in=timedelta(minutes=50))
    with saying(status, code) as server, confirming(token.portal, f"{server.url}rest/") as url:
        settings.BITRIX24_OAUTH_URL = [url]
        Portal.objects.update(client_endpoint=f"{server.url}rest/")
        client = portal_client.PortalClient(Portal.objects.get())
        with pytest.raises(Bitrix24Error):
            client.call("profile")

    assert standing(token) == expected
    left = PortalToken.objects.get()  # a portal's word destroys nothing
    assert left.dead_at is None
    assert (left.last_error != "") == (expected == REFUSED)


def test_what_blocked_a_portal_is_healed_by_an_administrators_open(
    opens: Opens, installed: Callable[..., Portal]
) -> None:
    for fault in ("oauth not_installed", "oauth unpaid"):
        portal = installed()
        opens.emulator.control.fault(*fault.split())
        with pytest.raises(Bitrix24Error):
            pairs.refresh(portal.tokens.get().pk, spent_generation=portal.tokens.get().generation)
        assert Portal.objects.get().status == "blocked"
        opens.emulator.control.fault("oauth")
        assert opens.application("alpha", 1).status_code == 200
        assert standing(portal.tokens.get()) == ("active", "healed")


def test_a_dead_token_is_blocked_for_good_and_a_refused_one_comes_back(emulator: Emulator) -> None:
    """What is not said of the refresh token itself is asked again, and its success is believed."""
    [token] = paper_portals(emulator, 1)
    emulator.control.fault("oauth", "not_installed", times=1)
    with pytest.raises(Bitrix24Error):
        pairs.refresh_due(token.pk)
    PortalToken.objects.update(refresh_due_at=timezone.now())
    pairs.refresh_due(token.pk)
    assert standing(token) == ("active", "token_refreshed")


def test_a_refused_token_dies_of_age_alone(emulator: Emulator, settings: Any) -> None:
    [token] = paper_portals(emulator, 1)
    with saying(401, "NO_AUTH_FOUND") as server:
        settings.BITRIX24_OAUTH_URL = [server.url.rstrip("/")]
        for days, dead in ((179, False), (181, True)):
            refreshed_at = timezone.now() - timedelta(days=days)
            PortalToken.objects.update(refreshed_at=refreshed_at, refresh_due_at=timezone.now())
            with pytest.raises(Bitrix24Error):
                pairs.refresh_due(token.pk)
            assert (PortalToken.objects.get().dead_at is not None) == dead


def test_a_portal_without_an_address_is_not_active_whatever_is_disproved(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block("unpaid")
    Portal.objects.update(client_endpoint="")
    pairs.refresh_due(token.pk)
    assert standing(token)[0] == "blocked"
    assert PortalToken.objects.get().generation == 2


def test_a_portal_that_left_is_not_blocked_by_whoever_did_not_hear_of_it(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    row = consequences.consequence_of(Unpaid(), consequences.Source.AUTHORIZATION_SERVER)
    Portal.objects.get().mark_deleted("uninstalled")
    consequences.carry_out(token.portal, row)
    assert standing(token) == ("deleted", "uninstalled")
    Portal.objects.all().delete()
    consequences.carry_out(token.portal, row)


@pytest.mark.parametrize("fault", ["portal_deleted", "portal404"])
def test_a_portal_that_is_gone_is_blocked_once_the_authorization_server_knows_no_other_address(
    emulator: Emulator, installed: Callable[..., Portal], fault: str
) -> None:
    portal = installed()
    emulator.control.fault("alpha", fault)

    with pytest.raises(Bitrix24Error):
        portal_client.PortalClient(portal).call("profile")

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
            pairs.refresh_due(token.pk)
    token.refresh_from_db()
    assert token.refresh_due_at is not None
    wait = (token.refresh_due_at - timezone.now()).total_seconds()
    assert 895 < wait < 935


@pytest.mark.parametrize("reason", ["token_dead", "not_installed"])
def test_a_successful_refresh_disproves_what_blocked_the_portal(emulator: Emulator, reason: str) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block(reason)
    pairs.refresh_due(token.pk)
    assert standing(token) == ("active", "token_refreshed")


@pytest.mark.parametrize("reason", [BLOCKED_BY_OPERATOR, "portal_gone", "unpaid", "not_administrator"])
def test_a_successful_refresh_says_nothing_about_other_reasons(emulator: Emulator, reason: str) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block(reason)
    pairs.refresh_due(token.pk)
    assert standing(token) == ("blocked", reason)


def test_the_block_of_an_operator_is_not_overwritten(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    token.portal.block(BLOCKED_BY_OPERATOR)
    emulator.control.fault("oauth", "unpaid")
    with pytest.raises(Bitrix24Error):
        pairs.refresh_due(token.pk)
    assert standing(token) == ("blocked", BLOCKED_BY_OPERATOR)


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize("disposition", Disposition)
def test_whatever_is_said_has_a_row_whoever_says_it(source: Source, disposition: Disposition) -> None:
    error: Bitrix24Error = type("Said", (Bitrix24Error,), {"disposition": disposition})()
    assert consequences.consequence_of(error, source).patience in (SOON, SELDOM)
