"""Calls with a portal's own token: what a refusal of the portal is worth."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals.bitrix24.errors import Bitrix24Error, NotInstalled, TokenDead, TokenExpired
from portals.lifecycle import presence
from portals.models import Portal, PortalToken
from portals.tokens import pairs, portal_client, refresh
from tests.support.emulator import Emulator
from tests.support.opens import Opens
from tests.support.paper import paper_portals, refreshes

pytestmark = pytest.mark.django_db

Install = Callable[..., Portal]


def second_administrator(emulator: Emulator, portal: Portal, user_id: int = 3) -> PortalToken:
    """Whoever installed is no longer the newest."""
    emulator.control.change_user("alpha", user_id, admin=True)
    pair = emulator.control.tokens("alpha", user_id)
    ends = timezone.now() + timedelta(hours=1)
    return pairs.store(portal, user_id, pair["access_token"], pair["refresh_token"], ends)


def standing(portal: Portal) -> tuple[str, str]:
    return Portal.objects.values_list("status", "status_reason").get(pk=portal.pk)


def test_expired_token_is_refreshed_once_and_the_call_repeated_once(
    emulator: Emulator, installed: Any
) -> None:
    portal = installed("alpha")
    emulator.control.advance(3700)  # only Bitrix24 knows that the token has ended
    emulator.control.forget_requests()
    assert isinstance(portal_client.PortalClient(portal).call("profile"), dict)
    seen = [(r["method"], r["status"]) for r in emulator.control.requests() if r["kind"] != "event_out"]
    assert seen == [("profile", 401), ("oauth.token", 200), ("profile", 200)]


def test_a_portal_that_always_says_expired_is_asked_twice(
    emulator: Emulator, installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = installed("alpha")
    asked = []

    def always_expired(client: Any) -> None:
        asked.append(client.access_token)
        raise TokenExpired

    with pytest.raises(TokenExpired):
        portal_client.PortalClient(portal)._through(always_expired)
    assert len(set(asked)) == len(asked) == 2
    assert refreshes(emulator) == [200]


def test_a_stranger_at_the_portals_old_address_kills_no_token(emulator: Emulator, installed: Install) -> None:
    portal = installed("alpha")
    moved = emulator.control.rename("alpha", emulator.spare_ports[0])
    emulator.control.takeover("alpha")
    assert isinstance(portal_client.PortalClient(portal).call("profile"), dict)
    token = PortalToken.objects.get()
    assert (token.dead_at, token.last_error) == (None, "")
    portal.refresh_from_db()
    assert (portal.status, portal.client_endpoint) == ("active", f"{moved['url']}/rest/")


def test_what_the_authorization_server_says_meanwhile_is_its_own_word(
    emulator: Emulator, installed: Install
) -> None:
    portal = installed("alpha")
    emulator.control.revoke("alpha", access=True)
    emulator.control.fault("oauth", "not_installed")
    with pytest.raises(NotInstalled):
        portal_client.PortalClient(portal).call("profile")
    assert standing(portal) == ("blocked", "not_installed")
    assert PortalToken.objects.alive().exists()


def test_a_token_that_both_call_dead_is_buried(emulator: Emulator, installed: Install) -> None:
    portal = installed("alpha")
    emulator.control.revoke("alpha", access=True, refresh=True)
    with pytest.raises(TokenDead):
        portal_client.PortalClient(portal).call("profile")
    assert standing(portal) == ("blocked", "token_dead")
    assert not PortalToken.objects.alive().exists()


def test_another_administrators_token_stands_in_for_one_that_the_portal_refuses(
    emulator: Emulator, installed: Install
) -> None:
    """A dismissed person's token still refreshes, and the portal refuses it."""
    portal = installed("alpha")
    Portal.objects.update(last_used_at=timezone.now())
    dismissed = second_administrator(emulator, portal)
    emulator.control.change_user("alpha", 3, kind="dismissed")
    with pytest.raises(TokenDead):
        portal_client.PortalClient(Portal.objects.get()).call("profile")
    assert isinstance(portal_client.PortalClient(portal).call("profile"), dict)
    assert pairs.current(portal).user_id == 1
    assert standing(portal)[0] == "active"
    dismissed.refresh_from_db()
    assert (dismissed.dead_at, dismissed.last_error) == (None, "authorization_error")
    heir = portal.tokens.get(user_id=1)
    assert heir.refresh_due_at is not None
    assert heir.refresh_due_at < heir.expires_at


def test_a_portal_that_refuses_every_token_is_blocked_until_it_takes_one(
    emulator: Emulator, installed: Install
) -> None:
    portal = installed("alpha")
    second_administrator(emulator, portal)
    for user_id in (1, 3):
        emulator.control.change_user("alpha", user_id, kind="dismissed")
    with pytest.raises(Bitrix24Error):
        portal_client.PortalClient(portal).call("profile")
    assert standing(portal)[0] == "active"
    with pytest.raises(Bitrix24Error):
        portal_client.PortalClient(portal).call("profile")
    assert standing(portal) == ("blocked", "token_refused")
    assert PortalToken.objects.alive().count() == 2

    pairs.refresh_due(pairs.make_due([portal])[0])  # proves nothing: refreshing was never the trouble
    assert standing(portal) == ("blocked", "token_refused")
    for user_id in (1, 3):
        emulator.control.change_user("alpha", user_id, kind="employee")
    presence.check(Portal.objects.get())
    assert standing(portal) == ("active", "found_again")


def test_a_portal_that_refuses_every_token_is_healed_by_an_administrators_open(
    opens: Opens, installed: Install
) -> None:
    portal = installed("alpha")
    opens.emulator.control.change_user("alpha", 1, kind="dismissed")
    with pytest.raises(Bitrix24Error):
        portal_client.PortalClient(portal).call("profile")
    assert standing(portal) == ("blocked", "token_refused")
    opens.emulator.control.change_user("alpha", 3, admin=True)
    assert opens.application("alpha", 3).status_code == 200
    assert standing(portal) == ("active", "healed")
    assert isinstance(portal_client.PortalClient(portal).call("profile"), dict)


@pytest.mark.parametrize("late", [refresh.bury, refresh.pass_over])
def test_what_was_said_of_an_older_pair_does_not_touch_the_newer(
    emulator: Emulator, late: Callable[..., None]
) -> None:
    [token] = paper_portals(emulator, 1)
    reasons = ["invalid_token"] if late is refresh.bury else ["invalid_token", "token_refused"]
    pairs.refresh(token.pk, spent_generation=1)
    late(token, *reasons)
    left = PortalToken.objects.get()
    assert (left.generation, left.dead_at, left.last_error) == (2, None, "")
    assert standing(token.portal)[0] == "active"
