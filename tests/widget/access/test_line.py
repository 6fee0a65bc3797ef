"""The way of an open: which source answers which question, what that costs, and whom an answer serves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.core.cache import cache, caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portals.bitrix24.payloads import OpenRequest
from portals.models import Portal
from portals.outgoing import suspicion
from tests.support.clocks import Clocks
from tests.support.opens import Opens, frame_data
from tests.support.scene import commands, cost, with_dialog
from widget.access import OpenClaim, kept
from widget.access.sessions import WidgetSession
from widget.api.throttles import Reading
from widget.models import Chat

shared_cache: Any = cache  # with what is no part of Django's interface
pytestmark = pytest.mark.django_db
# alpha's people (emulator/demo/northwind.py); chat22 has 1, Priya, Tomas and Mei, not Lucia; chat24 is open to all.
ADMIN, PRIYA, TOMAS, LUCIA, MEI = 1, 3, 4, 5, 7
CHAT = "chat22"
GUEST, WIDGET = 8, "http://127.0.0.1:8000/widget/"


@pytest.fixture(autouse=True)
def alpha(opens: Opens, installed: Callable[..., Portal]) -> Portal:
    return installed()


def form(opens: Opens, viewer: int, dialog: str = CHAT) -> dict[str, Any]:
    """A new token, as each time Bitrix24 shows us."""
    return opens.form("alpha", viewer, dialog)


class TestOneViewer:
    def test_who_is_unknown_costs_one_batch_for_both_questions(self, opens: Opens) -> None:
        assert cost(opens, form(opens, PRIYA)).told == (200, 1, 0)
        assert {"app.info", "profile", "im.user.get", "im.dialog.get"} <= set(commands(opens))

    def test_a_reload_with_the_same_token_costs_nothing_but_a_query(self, opens: Opens) -> None:
        first = form(opens, PRIYA)
        cost(opens, first)
        with CaptureQueriesContext(connection) as queries:
            assert cost(opens, first).told == (200, 0, 0)
        assert len(queries) == 1

    def test_a_new_token_of_a_known_viewer_costs_one_call_and_none_of_the_portals(self, opens: Opens) -> None:
        cost(opens, form(opens, PRIYA))
        second = form(opens, PRIYA)
        found = cost(opens, second)
        assert found.told == (200, 0, 1)
        assert frame_data(found.response)["viewer_id"] == PRIYA
        assert cost(opens, second).told == (200, 0, 0)

    def test_another_process_reads_what_one_has_proved(self, opens: Opens) -> None:
        first = form(opens, PRIYA)
        cost(opens, first)
        shared_cache._memory.clear()
        assert cost(opens, first).told == (200, 0, 0)

    def test_another_process_knows_the_rights_of_whom_no_look_names(self, opens: Opens) -> None:
        reader = form(opens, TOMAS, "chat24")
        cost(opens, reader)
        shared_cache._memory.clear()
        assert cost(opens, reader).told == (200, 0, 0)

    def test_what_was_kept_before_a_refusal_is_void_in_other_chats_too(self, opens: Opens) -> None:
        control = opens.emulator.control
        first = form(opens, PRIYA)
        cost(opens, first)
        control.access("alpha", [ADMIN])
        assert cost(opens, with_dialog(first, "chat21")).told == (403, 1, 0)
        control.access("alpha", None)
        control.members("alpha", 22, remove=[PRIYA])
        second = form(opens, PRIYA, "chat21")
        assert cost(opens, second).told[0] == 200
        assert cost(opens, with_dialog(second, CHAT)).told == (403, 1, 0)

    def test_a_token_that_the_portal_calls_old_opens_nothing_any_more(self, opens: Opens) -> None:
        first = form(opens, PRIYA)
        cost(opens, first)
        opens.emulator.control.advance(3700)  # only Bitrix24 knows that it has ended
        assert cost(opens, first).told == (200, 0, 0)
        assert cost(opens, with_dialog(first, "chat21")).told[0] == 401
        assert cost(opens, first).told[0] == 401
        opens.emulator.control.advance(-3700)
        assert cost(opens, form(opens, PRIYA)).told == (200, 0, 1)

    def test_another_chat_with_the_same_token_asks_about_the_chat_alone(self, opens: Opens) -> None:
        first = form(opens, PRIYA, "chat21")
        cost(opens, first)
        assert cost(opens, with_dialog(first, CHAT)).told == (200, 1, 0)
        assert "profile" not in commands(opens)

    def test_answers_are_good_for_five_minutes(self, opens: Opens, clocks: Clocks) -> None:
        first = form(opens, PRIYA)
        cost(opens, first)
        clocks.advance(seconds=299)
        assert cost(opens, first).told == (200, 0, 0)
        clocks.advance(seconds=2)
        assert cost(opens, first).told == (200, 1, 0)

    def test_an_answer_from_memory_gets_no_new_time(self, opens: Opens, clocks: Clocks) -> None:
        """What a process remembers ends when the token is said to end, however often it was read."""
        first = form(opens, PRIYA)
        first["fields"]["AUTH_EXPIRES"] = "60"
        cost(opens, first)
        clocks.advance(seconds=50)
        shared_cache._memory.clear()
        assert cost(opens, first).told == (200, 0, 0)
        clocks.advance(seconds=50)
        assert cost(opens, first).told == (200, 0, 1)

    def test_a_process_goes_by_its_memory_for_a_minute_however_often(
        self, opens: Opens, clocks: Clocks
    ) -> None:
        first = form(opens, PRIYA)
        cost(opens, first)
        for _ in range(2):
            clocks.advance(seconds=29)
            assert cost(opens, first).told == (200, 0, 0)
            assert kept.remembered(_claim(first)) is not None
        clocks.advance(seconds=3)
        assert kept.remembered(_claim(first)) is None
        assert cost(opens, first).told == (200, 0, 0)


def _claim(posted: dict[str, Any]) -> OpenClaim:
    return OpenClaim.of(OpenRequest.parse({"DOMAIN": "a.example"}, posted["fields"]))


class TestFellowMembers:
    """One member's look serves the others of a group chat, and nobody else."""

    def test_a_member_never_seen_before(self, opens: Opens) -> None:
        cost(opens, form(opens, PRIYA))
        found = cost(opens, form(opens, MEI))
        assert found.told == (200, 0, 1)
        data = frame_data(found.response)
        assert (data["viewer_id"], data["can_write"]) == (MEI, True)
        note = opens.api(data["session"]).add("by Mei")
        assert note["author"] == {"id": MEI, "name": "Mei Tanaka"}

    def test_an_outsider(self, opens: Opens) -> None:
        cost(opens, form(opens, PRIYA))
        stranger = with_dialog(form(opens, LUCIA, "chat21"), CHAT)
        assert cost(opens, stranger).told == (403, 1, 1)

    def test_a_reader_of_an_open_chat_gets_no_right_to_write(self, opens: Opens) -> None:
        cost(opens, form(opens, ADMIN, "chat24"))
        page = cost(opens, form(opens, TOMAS, "chat24")).response
        assert frame_data(page)["can_write"] is False

    def test_a_guest_is_known_as_one(self, opens: Opens) -> None:
        """The look tells who is a guest, so the portal need not be asked to keep one out."""
        cost(opens, form(opens, TOMAS, "chat27"))
        guest = opens.form("alpha", GUEST, "chat27", handler=WIDGET)
        found = cost(opens, guest)
        assert found.told == (403, 0, 1)
        assert found.response.context["reason"] == "employees_only"

    def test_no_older_than_the_look(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        clocks.advance(seconds=301)
        assert cost(opens, form(opens, MEI)).told == (200, 1, 0)

    def test_the_session_is_no_younger_than_the_look(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        clocks.advance(seconds=240)
        page = cost(opens, form(opens, MEI)).response
        assert frame_data(page)["expires_in"] <= 900 - 240

    def test_portals_share_nothing(self, opens: Opens, installed: Any) -> None:
        installed("beta")
        cost(opens, form(opens, ADMIN, "chat21"))
        assert cost(opens, opens.form("beta", ADMIN, "chat21")).told == (200, 1, 0)

    def test_names_are_asked_for_once(self, opens: Opens) -> None:
        cost(opens, form(opens, ADMIN, "chat24"))
        assert "im.dialog.users.list" in commands(opens)
        cost(opens, form(opens, TOMAS, "chat24"))
        assert "im.dialog.get" in commands(opens)
        assert "im.dialog.users.list" not in commands(opens)


class TestEndsOfTokens:
    """What the authorization server says of a token ends with it: by its word or what is claimed, the sooner."""

    @pytest.mark.parametrize(("claimed", "told", "again"), [(60, 3600, (200, 0, 1)), (3600, 60, (200, 1, 1))])
    def test_the_sooner_counts(
        self, opens: Opens, clocks: Clocks, claimed: int, told: int, again: tuple[int, int, int]
    ) -> None:
        cost(opens, form(opens, PRIYA))
        second = form(opens, PRIYA)
        second["fields"]["AUTH_EXPIRES"] = str(claimed)
        ends = timezone.now() + timedelta(seconds=told)
        opens.emulator.control.contradict("alpha", "authority", {"expires": ends.isoformat()})
        assert cost(opens, second).told == (200, 0, 1)
        clocks.advance(seconds=50)
        assert cost(opens, second).told == (200, 0, 0)
        clocks.advance(seconds=50)
        assert cost(opens, second).told == again

    def test_one_that_has_ended_names_nobody(self, opens: Opens) -> None:
        cost(opens, form(opens, PRIYA))
        ended = timezone.now() - timedelta(minutes=1)
        opens.emulator.control.contradict("alpha", "authority", {"expires": ended.isoformat()})
        assert cost(opens, form(opens, PRIYA)).told == (200, 1, 1)

    def test_where_many_failed_the_portal_is_not_asked_about_one_that_has_ended(
        self, opens: Opens, alpha: Portal
    ) -> None:
        cost(opens, form(opens, PRIYA))
        second = form(opens, PRIYA)
        opens.emulator.control.advance(3700)  # only Bitrix24 knows that it has
        assert cost(opens, second).told == (401, 1, 1)
        for _ in range(suspicion.FAILURES_AT_PORTAL):
            suspicion.failed_at(alpha.pk)
        assert cost(opens, second).told == (401, 0, 1)


class TestPrivateChats:
    """A number is another chat for each viewer, and it is that viewer's by its name."""

    @pytest.fixture(autouse=True)
    def _written(self, opens: Opens) -> None:
        page = cost(opens, form(opens, PRIYA, str(MEI))).response
        opens.api(frame_data(page)["session"]).add("between Priya and Mei")

    def test_the_portal_is_asked_once_which_chat_is_meant(self, opens: Opens, clocks: Clocks) -> None:
        clocks.advance(seconds=30 * 60)
        found = cost(opens, form(opens, PRIYA, str(MEI)))
        assert found.told == (200, 0, 1)
        assert "between Priya and Mei" in found.response.content.decode()

    def test_also_for_the_other(self, opens: Opens) -> None:
        unknown = cost(opens, form(opens, MEI, str(PRIYA)))
        assert (unknown.portal, "between Priya and Mei" in unknown.response.content.decode()) == (1, True)
        known = cost(opens, form(opens, MEI, str(PRIYA)))
        assert known.told == (200, 0, 1)
        assert "between Priya and Mei" in known.response.content.decode()

    def test_whoever_else_names_one_of_them(self, opens: Opens) -> None:
        cost(opens, form(opens, TOMAS))
        third = cost(opens, form(opens, TOMAS, str(MEI)))
        assert third.portal == 1
        assert "between Priya and Mei" not in third.response.content.decode()

    def test_first_opened_under_the_number_of_the_chat(self, opens: Opens) -> None:
        Chat.objects.update(lower_user_id=None, higher_user_id=None)
        shared_cache.clear()
        assert cost(opens, form(opens, PRIYA, str(MEI))).portal == 1
        shared_cache.clear()
        cost(opens, form(opens, PRIYA))
        assert cost(opens, form(opens, PRIYA, str(MEI))).told == (200, 0, 1)

    def test_of_a_guest_the_portal_is_asked(self, opens: Opens, clocks: Clocks) -> None:
        """Which colleagues a guest may talk to changes."""
        Portal.objects.update(placement_settings={"extranet": "Y"})
        guest = opens.form("alpha", GUEST, str(TOMAS), handler=WIDGET)
        assert cost(opens, guest).told == (200, 1, 0)
        clocks.advance(seconds=6 * 60)
        assert cost(opens, opens.form("alpha", GUEST, str(TOMAS), handler=WIDGET)).told == (200, 1, 1)

    def test_not_for_who_was_refused_meanwhile(self, opens: Opens, clocks: Clocks) -> None:
        clocks.advance(seconds=1)
        posted = form(opens, PRIYA, str(MEI))
        kept.void_viewer(_claim(posted), PRIYA)
        assert cost(opens, posted).told == (200, 1, 1)


class TestYoungTokens:
    """A portal has a token made when it shows us: as old as the token, that is its word about who works there."""

    def test_who_was_heard_of_within_the_hour(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        clocks.advance(seconds=50 * 60)
        cost(opens, form(opens, TOMAS))
        found = cost(opens, form(opens, PRIYA))
        assert found.told == (200, 0, 1)
        assert 890 < frame_data(found.response)["expires_in"] <= 900

    def test_a_fellow_member_again_and_again(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        assert cost(opens, form(opens, MEI)).told == (200, 0, 1)
        clocks.advance(seconds=11 * 60)
        cost(opens, form(opens, PRIYA))
        assert cost(opens, form(opens, MEI)).told == (200, 0, 1)

    def test_one_that_was_kept_in_a_drawer_is_no_word_of_today(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        clocks.advance(seconds=10 * 60)
        older = form(opens, PRIYA)
        clocks.advance(seconds=6 * 60)
        cost(opens, form(opens, TOMAS))
        assert cost(opens, older).told == (200, 1, 1)

    def test_the_session_is_as_old_as_the_token(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        clocks.advance(seconds=20 * 60)
        token = form(opens, PRIYA)
        clocks.advance(seconds=4 * 60)
        cost(opens, form(opens, TOMAS))
        found = cost(opens, token)
        assert found.told == (200, 0, 1)
        assert frame_data(found.response)["expires_in"] <= 900 - 240

    def test_an_administrator_of_an_hour_ago_is_none_to_go_by(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, ADMIN))
        Portal.objects.update(placement_settings={"role": "ADMIN"})
        clocks.advance(seconds=15 * 60)
        cost(opens, form(opens, PRIYA))
        assert cost(opens, form(opens, ADMIN)).portal == 1


def test_a_crowd_that_polls_pushes_no_proof_out_of_memory(opens: Opens) -> None:
    first = form(opens, PRIYA)
    session = frame_data(opens.post(first))["session"]
    before = len(shared_cache._memory._cache)
    assert opens.api(session).call("GET", "notes/changes/").status_code == 200
    assert len(shared_cache._memory._cache) == before
    throttle = Reading()
    throttle.key, throttle.history, throttle.now = "throttle:reading:1:1", [], 0.0
    throttle.throttle_success()
    assert caches["redis"].get("throttle:reading:1:1") == [0.0]
    assert len(shared_cache._memory._cache) == before


def test_a_session_that_is_over_lasts_for_no_time(opens: Opens, clocks: Clocks) -> None:
    session = WidgetSession.read(frame_data(cost(opens, form(opens, PRIYA)).response)["session"])
    assert 895 <= session.seconds <= 900
    clocks.advance(seconds=1000)
    assert session.seconds == 0


@pytest.mark.parametrize("said", [{"portal": 1}, {"of": "another release"}, [], 7, "text"])
def test_what_we_have_signed_otherwise_is_no_session(opens: Opens, said: Any) -> None:
    bearer = signing.dumps(said, salt="widget.session")
    assert opens.api(bearer).call("GET", "notes/").json()["code"] == "session_invalid"
