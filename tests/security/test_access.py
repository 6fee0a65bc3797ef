"""Attacks on what is kept between opens: one's answer for another, and answers of before somebody was sent away."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portals.infrastructure.shared import redis_client
from portals.models import Portal
from tests.security.conftest import (
    ADMIN,
    CHAT,
    GUEST,
    HANDLER,
    LUCIA,
    MEI,
    PRIYA,
    PUBLIC_ADDRESS,
    TOMAS,
    reason,
)
from tests.support.clocks import Clocks
from tests.support.opens import Api, Opens, frame_data
from tests.support.scene import cost, with_dialog

shared_cache: Any = cache  # with what is no part of Django's interface
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alpha(alpha: Portal) -> None:
    """Portal alpha is installed."""


def other_application(opens: Opens, viewer: int) -> str:
    """A token that alpha made for another application."""
    control = opens.emulator.control
    foreign = next(client for client in control.state()["applications"] if client != opens.emulator.client_id)
    control.install("alpha", client_id=foreign)
    return str(control.tokens("alpha", viewer, client_id=foreign)["access_token"])


def renew(opens: Opens, token: str, dialog: str = CHAT) -> Any:
    body = {
        "member_id": opens.emulator.portals["alpha"].member_id,
        "access_token": token,
        "dialog_id": dialog,
        "expires_in": 3600,
    }
    return Api(opens.client, "").call("POST", "session/", body)


class TestOneForAnother:
    """Everybody of the scene has everything warm; then somebody mixes it."""

    @pytest.fixture(autouse=True)
    def _warm(self, opens: Opens) -> None:
        for viewer, dialog in ((PRIYA, CHAT), (MEI, CHAT), (LUCIA, "chat21"), (PRIYA, "7"), (LUCIA, "7")):
            assert opens.widget("alpha", viewer, dialog).status_code == 200

    def test_a_token_of_one_with_the_chat_of_others(self, opens: Opens) -> None:
        lucia = opens.form("alpha", LUCIA, "chat21")
        assert opens.post(lucia).status_code == 200
        for form in (lucia, opens.form("alpha", LUCIA, "chat21")):
            assert reason(opens.post(with_dialog(form, CHAT))) == (403, "no_access")
            assert renew(opens, form["fields"]["AUTH_ID"]).status_code == 403

    def test_the_same_number_for_two_viewers(self, opens: Opens) -> None:
        chats = {frame_data(opens.widget("alpha", viewer, "7"))["chat_id"] for viewer in (PRIYA, LUCIA)}
        assert len(chats) == 2

    def test_two_viewers_one_after_the_other_in_one_browser(self, opens: Opens) -> None:
        for viewer in (PRIYA, MEI, PRIYA):
            data = frame_data(opens.widget("alpha", viewer, CHAT))
            assert data["viewer_id"] == viewer
            assert opens.api(data["session"]).add("mine")["author"]["id"] == viewer
        assert reason(opens.post(opens.form("alpha", LUCIA, CHAT, handler=HANDLER))) == (403, "no_access")

    def test_one_token_from_two_addresses_at_once(self, opens: Opens) -> None:
        """A token is a bearer's: both are its viewer, and nothing else comes of it."""
        form = opens.form("alpha", PRIYA, CHAT)
        seen = [
            frame_data(Opens(opens.emulator, Client(REMOTE_ADDR=address)).post(form))
            for address in (PUBLIC_ADDRESS, "198.51.100.7")
        ]
        assert [data["viewer_id"] for data in seen] == [PRIYA, PRIYA]

    def test_a_token_of_another_application(self, opens: Opens) -> None:
        token = other_application(opens, PRIYA)
        form = opens.form("alpha", PRIYA, CHAT)
        found = cost(opens, form, AUTH_ID=token)
        assert reason(found.response) == (403, "foreign_application")
        assert found.portal == 0
        assert renew(opens, token).status_code == 403

    def test_a_token_of_another_portal(self, opens: Opens, beta: Portal) -> None:
        token = opens.emulator.control.tokens("beta", PRIYA)["access_token"]
        found = cost(opens, opens.form("alpha", PRIYA, CHAT), AUTH_ID=token)
        assert reason(found.response) == (403, "foreign_portal")
        assert found.portal == 0

    def test_another_portals_number_with_a_token_that_is_known(self, opens: Opens, beta: Portal) -> None:
        assert opens.widget("beta", ADMIN, "chat21").status_code == 200
        form = opens.form("alpha", PRIYA, "chat21")
        assert opens.post(form).status_code == 200
        assert opens.post(form, member_id=beta.member_id).status_code == 403

    def test_an_invented_token(self, opens: Opens) -> None:
        assert reason(opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID="f" * 70)) == (
            403,
            "token_refused",
        )

    def test_a_key_of_ours_as_a_token(self, opens: Opens) -> None:
        """A token is hashed before it is part of a key."""
        member_id = opens.emulator.portals["alpha"].member_id
        for token in (f"{PRIYA}:{CHAT}", f"identity:{member_id}:{PRIYA}", "a" * 64):
            assert opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID=token).status_code in (400, 403)


@pytest.mark.django_db(transaction=True)
def test_two_viewers_at_the_same_moment(opens: Opens) -> None:
    forms = {viewer: [opens.form("alpha", viewer, CHAT) for _ in range(3)] for viewer in (PRIYA, MEI, TOMAS)}
    seen: list[tuple[int, int]] = []

    def play(viewer: int) -> None:
        from django.db import connection  # noqa: PLC0415

        for form in forms[viewer]:
            page = Opens(opens.emulator, Client()).post(form)
            seen.append((viewer, frame_data(page)["viewer_id"]))
        connection.close()

    threads = [threading.Thread(target=play, args=[viewer]) for viewer in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 9
    assert all(who == shown for who, shown in seen)


def removed(opens: Opens) -> None:
    opens.emulator.control.members("alpha", 22, remove=[PRIYA])


def dismissed(opens: Opens) -> None:
    opens.emulator.control.change_user("alpha", PRIYA, kind="dismissed")


def revoked(opens: Opens) -> None:
    opens.emulator.control.revoke("alpha", access=True)


def shut_out_of_the_application(opens: Opens) -> None:
    opens.emulator.control.access("alpha", [ADMIN, TOMAS, MEI])


class Hoard:
    """Somebody who saved tokens up while there were any, and uses all that might still work."""

    def __init__(self, opens: Opens) -> None:
        self.opens = opens
        self.used = opens.form("alpha", PRIYA, CHAT)
        self.unused = [opens.form("alpha", PRIYA, CHAT) for _ in range(20)]
        self.sessions = [frame_data(opens.post(self.used))["session"]]

    def gets_in(self) -> bool:
        """Whether an open, a renewal or a session works now."""
        fresh = self.unused.pop()
        for form in (self.used, fresh):
            page = self.opens.post(form)
            if page.status_code == 200:
                self.sessions.append(frame_data(page)["session"])
            answer = renew(self.opens, form["fields"]["AUTH_ID"])
            if answer.status_code == 200:
                self.sessions.append(answer.json()["session"])
        return any(
            self.opens.api(session).call("GET", "notes/").status_code == 200 for session in self.sessions
        )


@pytest.mark.parametrize("end", [removed, dismissed, revoked, shut_out_of_the_application])
def test_whoever_is_sent_away_is_out_after_fifteen_minutes(
    opens: Opens, clocks: Clocks, end: Callable[[Opens], None]
) -> None:
    """The moment after the portal said yes for the last time, with everything warm, shared and known elsewhere."""
    for viewer in (MEI, TOMAS):
        assert opens.widget("alpha", viewer, CHAT).status_code == 200
    clocks.advance(seconds=301)
    hoard = Hoard(opens)
    end(opens)
    lasted = 0
    for minute in range(1, 19):
        clocks.advance(seconds=60)
        with_colleagues = opens.emulator.control.tokens("alpha", MEI)["access_token"]
        opens.post(opens.form("alpha", MEI, CHAT, handler=HANDLER), AUTH_ID=with_colleagues)
        if hoard.gets_in():
            lasted = minute
    assert 4 <= lasted < 15


@pytest.mark.parametrize("end", [dismissed, shut_out_of_the_application])
def test_whoever_is_refused_is_known_so_to_all_processes(opens: Opens, end: Callable[[Opens], None]) -> None:
    """What was proved a moment before counts no more, under no token and in no process."""
    forms = [opens.form("alpha", PRIYA, CHAT) for _ in range(3)]
    for form in forms[:2]:
        assert opens.post(form).status_code == 200
    end(opens)
    assert opens.post(with_dialog(forms[0], "chat24")).status_code == 403
    for form in forms:
        assert cost(opens, form).told[:2] == (403, 1)
    shared_cache._memory.clear()  # another process, which knows what is in Redis
    for form in forms:
        assert cost(opens, form).told[:2] == (403, 1)
    opens.emulator.control.fault("alpha", "500")
    for form in forms:
        assert opens.post(form).status_code == 503


def test_a_process_that_did_not_hear_of_a_refusal_hears_of_it_within_a_minute(
    opens: Opens, clocks: Clocks, alpha: Portal
) -> None:
    """However often somebody reloads there meanwhile."""
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    dismissed(opens)
    refused = f":1:refused:{alpha.member_id}:{PRIYA}"
    redis_client().set(refused, json.dumps(time.time()), ex=3600)  # as another process does
    for _ in range(2):
        clocks.advance(seconds=29)
        assert opens.post(form).status_code == 200
    clocks.advance(seconds=3)
    assert opens.post(form).status_code == 403


def test_whoever_comes_back_is_let_in(opens: Opens, clocks: Clocks) -> None:
    assert opens.widget("alpha", PRIYA, CHAT).status_code == 200
    hoarded = opens.form("alpha", PRIYA, CHAT)
    clocks.advance(seconds=301)
    removed(opens)
    assert reason(opens.post(hoarded)) == (403, "no_access")
    opens.emulator.control.members("alpha", 22, add=[PRIYA])
    assert cost(opens, opens.form("alpha", PRIYA, CHAT)).told[:2] == (200, 1)
    assert cost(opens, opens.form("alpha", PRIYA, CHAT)).told == (200, 0, 1)


def test_whom_the_portal_refuses_no_colleague_lets_in(opens: Opens) -> None:
    """A later look at the chat that still names somebody is no way around what the portal told that person."""
    assert opens.widget("alpha", PRIYA, CHAT).status_code == 200
    hoarded = [opens.form("alpha", PRIYA, CHAT) for _ in range(2)]
    used = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(used).status_code == 200
    shut_out_of_the_application(opens)
    assert opens.post(with_dialog(used, "chat21")).status_code == 403
    assert opens.widget("alpha", MEI, CHAT).status_code == 200
    for form in hoarded:
        assert opens.post(form).status_code == 403


def test_a_revoked_token_that_is_refused_proves_nothing_while_the_portal_is_away(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    revoked(opens)
    assert opens.post(with_dialog(form, "chat24")).status_code == 403
    opens.emulator.control.fault("alpha", "500")
    assert opens.post(form).status_code == 503


def test_a_proof_does_not_outlive_its_token(opens: Opens, clocks: Clocks) -> None:
    """Not even while the portal is away, and not by a renewal that says less."""
    form = opens.form("alpha", PRIYA, CHAT)
    form["fields"]["AUTH_EXPIRES"] = "120"
    assert opens.post(form).status_code == 200
    opens.emulator.control.fault("alpha", "500")
    opens.emulator.control.fault("oauth", "500")
    clocks.advance(seconds=100)
    assert opens.post(form).status_code == 200
    clocks.advance(seconds=30)
    assert opens.post(form).status_code == 503
    assert renew(opens, form["fields"]["AUTH_ID"]).status_code == 503


class TestSettings:
    """What an administrator excludes ends at once, in pages that are open too."""

    def test_administrators_only(self, opens: Opens) -> None:
        employee = opens.api(frame_data(opens.widget("alpha", PRIYA, CHAT))["session"])
        admin = opens.api(frame_data(opens.widget("alpha", ADMIN, "chat21"))["session"])
        Portal.objects.update(placement_settings={"role": "ADMIN"})
        answer = employee.call("GET", "notes/")
        assert (answer.status_code, answer.json()["code"]) == (403, "administrators_only")
        assert employee.call("POST", "notes/", {"text": "late"}).status_code == 403
        assert admin.call("GET", "notes/").status_code == 200

    def test_administrators_only_for_whom_nobody_asked_about(self, opens: Opens) -> None:
        opens.widget("alpha", PRIYA, CHAT)
        form = opens.form("alpha", MEI, CHAT)
        session = opens.api(frame_data(opens.post(form))["session"])
        Portal.objects.update(placement_settings={"role": "ADMIN"})
        assert session.call("GET", "notes/").status_code == 401
        assert renew(opens, form["fields"]["AUTH_ID"]).json()["code"] == "administrators_only"

    def test_no_guests(self, opens: Opens) -> None:
        Portal.objects.update(placement_settings={"extranet": True})
        page = opens.post(opens.form("alpha", GUEST, "chat27", handler=HANDLER))
        guest = opens.api(frame_data(page)["session"])
        assert guest.call("GET", "notes/").status_code == 200
        Portal.objects.update(placement_settings={})
        assert guest.call("GET", "notes/").json()["code"] == "employees_only"

    def test_other_kinds_of_chats(self, opens: Opens) -> None:
        session = opens.api(frame_data(opens.widget("alpha", PRIYA, CHAT))["session"])
        Portal.objects.update(placement_settings={"context": ["CRM"]})
        assert session.call("GET", "notes/").json()["code"] == "context_excluded"


def test_a_session_is_never_longer_than_what_it_rests_on(opens: Opens, clocks: Clocks) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert 890 < frame_data(opens.post(form))["expires_in"] <= 900
    clocks.advance(seconds=290)
    page = frame_data(opens.post(form))
    assert 600 < page["expires_in"] <= 610
    assert renew(opens, form["fields"]["AUTH_ID"]).json()["expires_in"] <= 610
    clocks.advance(seconds=612)
    assert opens.api(page["session"]).call("GET", "notes/").status_code == 401


def test_a_dialog_in_another_spelling_is_the_same_chat(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    again = opens.post(form, PLACEMENT_OPTIONS=json.dumps({"dialogId": "CHAT0022"}))
    assert frame_data(again)["chat_id"] == 22
