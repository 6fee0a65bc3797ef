"""Portals on either of Bitrix24's two authorization servers: whom we ask, and whom we tell our secret."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from portals.bitrix24.errors import CircuitOpen, ServerTrouble, TokenDead
from portals.lifecycle import uninstall
from portals.lifecycle.uninstall import Presence
from portals.models import Portal
from portals.outgoing import breaker, gateway
from portals.tokens import dispatch, pairs
from tests.support import exposed
from tests.support.clocks import Clocks
from tests.support.emulator import Emulator
from tests.support.events import Events
from tests.support.opens import Opens
from tests.support.paper import paper_portals
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db

SECOND = 1


@pytest.fixture
def elsewhere(emulator: Emulator) -> Emulator:
    """Portal alpha has the second server, beta the first."""
    emulator.control.settings("alpha", authorization_server=SECOND)
    return emulator


def asked(emulator: Emulator) -> list[tuple[int, str]]:
    """Which server was asked what, in order; the first is 0."""
    hosts = [urlsplit(url).netloc for url in emulator.oauth_urls]
    return [(hosts.index(call["host"]), call["method"]) for call in emulator.control.requests("oauth")]


def test_an_installer_page_names_its_server_and_that_one_is_asked_alone(
    elsewhere: Emulator, installed: Callable[..., Portal]
) -> None:
    portal = installed()

    assert portal.authorization_server == elsewhere.oauth_urls[SECOND]
    assert asked(elsewhere) == [(SECOND, "app.info")]


def test_an_older_portal_names_none_so_the_first_is_asked_and_then_the_other(
    elsewhere: Emulator, installed: Callable[..., Portal]
) -> None:
    elsewhere.control.settings("alpha", generation="old")
    portal = installed()

    assert portal.authorization_server == elsewhere.oauth_urls[SECOND]
    assert asked(elsewhere) == [(0, "app.info"), (SECOND, "app.info")]


def test_a_claimed_server_is_never_called_unless_it_is_one_of_ours(elsewhere: Emulator, opens: Opens) -> None:
    with Receiver() as stranger:
        form = elsewhere.control.install("alpha")
        response = opens.post(form, SERVER_ENDPOINT=stranger.url("/rest/"))

    assert response.status_code == 200
    assert stranger.received == []
    assert Portal.objects.get().authorization_server == elsewhere.oauth_urls[SECOND]


def test_a_wrong_claim_costs_one_question(elsewhere: Emulator, opens: Opens) -> None:
    form = elsewhere.control.install("alpha")
    opens.post(form, SERVER_ENDPOINT=f"{elsewhere.oauth_url}/rest/")

    assert Portal.objects.get().authorization_server == elsewhere.oauth_urls[SECOND]
    assert asked(elsewhere) == [(0, "app.info"), (SECOND, "app.info")]


def test_an_unknown_token_costs_two_questions_and_no_more(emulator: Emulator, opens: Opens) -> None:
    form = emulator.control.install("alpha")
    response = opens.post(form, AUTH_ID="invented")

    assert response.status_code == 403
    assert not Portal.objects.exists()
    assert asked(emulator) == [(0, "app.info"), (1, "app.info")]


def test_everything_about_a_known_portal_goes_to_its_own_server(
    elsewhere: Emulator, installed: Callable[..., Portal]
) -> None:
    portal = installed()
    token = portal.tokens.get()
    elsewhere.control.forget_requests()

    assert uninstall.presence(portal) is Presence.INSTALLED
    pairs.refresh(token.pk, spent_generation=token.generation)

    assert asked(elsewhere) == [(SECOND, "app.info"), (SECOND, "oauth.token")]


def test_a_dead_token_of_a_known_portal_is_not_shown_to_the_other_server(
    elsewhere: Emulator, installed: Callable[..., Portal]
) -> None:
    portal = installed()
    elsewhere.control.revoke("alpha", refresh=True)
    elsewhere.control.forget_requests()

    with pytest.raises(TokenDead):
        pairs.refresh(portal.tokens.get().pk, spent_generation=1)

    assert asked(elsewhere) == [(SECOND, "oauth.token")]


def test_a_refresh_where_no_server_is_known_finds_it_and_remembers(
    elsewhere: Emulator, installed: Callable[..., Portal]
) -> None:
    portal = installed()
    Portal.objects.update(authorization_server="")
    elsewhere.control.forget_requests()

    pairs.refresh(portal.tokens.get().pk, spent_generation=1)

    portal.refresh_from_db()
    assert portal.authorization_server == elsewhere.oauth_urls[SECOND]
    assert asked(elsewhere) == [(0, "oauth.token"), (SECOND, "oauth.token")]
    assert elsewhere.control.state()["refresh_reuse"] == 0


def test_a_server_that_does_not_answer_may_be_the_one_that_knows(emulator: Emulator) -> None:
    """Otherwise an outage of one server would end the tokens of its portals."""
    emulator.control.fault("oauth2", "500")

    with pytest.raises(ServerTrouble):
        gateway.any_authorization_server().app_info("of-the-second")


def test_a_server_that_is_trusted_no_more_is_not_asked(
    elsewhere: Emulator, installed: Callable[..., Portal], settings: Any
) -> None:
    portal = installed()
    settings.BITRIX24_OAUTH_URL = [elsewhere.oauth_url]
    elsewhere.control.forget_requests()

    with pytest.raises(TokenDead):
        gateway.authorization_server(portal).app_info("any")

    assert asked(elsewhere) == [(0, "app.info")]


def test_a_portal_that_passed_to_the_other_server_is_healed_by_an_administrators_open(
    emulator: Emulator, installed: Callable[..., Portal], opens: Opens
) -> None:
    portal = installed()
    emulator.control.settings("alpha", authorization_server=SECOND)
    with pytest.raises(TokenDead):
        pairs.refresh(portal.tokens.get().pk, spent_generation=1)

    assert opens.widget("alpha", 1, "chat22").status_code == 200

    portal.refresh_from_db()
    assert (portal.status, portal.authorization_server) == ("active", emulator.oauth_urls[SECOND])


def test_an_install_event_finds_the_server(elsewhere: Emulator, events: Events) -> None:
    elsewhere.control.application(elsewhere.client_id, has_interface=False, event_url="http://127.0.0.1:9/")
    elsewhere.control.install("alpha")
    events.deliver("ONAPPINSTALL")

    assert Portal.objects.get().authorization_server == elsewhere.oauth_urls[SECOND]


def test_while_one_server_fails_the_tokens_of_the_other_are_handed_out(
    elsewhere: Emulator, clocks: Clocks
) -> None:
    ours, theirs = paper_portals(elsewhere, 2), paper_portals(elsewhere, 3)
    Portal.objects.filter(tokens__in=theirs).update(authorization_server=elsewhere.oauth_urls[SECOND])
    their_portal = Portal.objects.filter(tokens__in=theirs)[0]
    elsewhere.control.fault("oauth2", "500")
    for _ in range(breaker.THRESHOLD):
        with pytest.raises(ServerTrouble):
            gateway.authorization_server(their_portal).refresh("any")
    with pytest.raises(CircuitOpen):
        gateway.authorization_server(their_portal).refresh("any")

    assert [set(ids) for ids in dispatch.claim_due()] == [{token.pk for token in ours}]
    clocks.advance(seconds=breaker.LONGEST_PAUSE + 1)
    assert [len(ids) for ids in dispatch.claim_due()] == [1]


def test_each_server_is_a_target_of_its_own_in_the_metrics(
    elsewhere: Emulator, installed: Callable[..., Portal], client: Client
) -> None:
    exposed.from_zero()
    installed("alpha")
    installed("beta")

    found = exposed.labels_of(exposed.scrape(client))

    hosts = {urlsplit(url).netloc for url in elsewhere.oauth_urls}
    assert found["chat_notebook_calls_total"]["target"] == {*hosts, "portal"}
    assert found["chat_notebook_breakers_open"]["target"] == {*hosts, "portal"}
