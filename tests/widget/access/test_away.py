"""A portal, or the authorization server, that cannot be reached: what counts meanwhile, and what never does."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from portals.bitrix24.errors import RateLimited, TimeBudgetSpent
from portals.models import Portal
from portals.outgoing import breaker, bulkhead, limits, suspicion
from portals.outgoing.limits import PortalGate
from tests.support.clocks import Clocks
from tests.support.opens import Opens, frame_data
from tests.support.scene import commands, cost, with_dialog
from tests.widget.access.test_line import form
from widget.access import inquiry

pytestmark = pytest.mark.django_db
# alpha's people (emulator/demo/northwind.py); chat22 has 1, Priya, Tomas and Mei, not Lucia; chat24 is open to all.
ADMIN, PRIYA, TOMAS, LUCIA, MEI = 1, 3, 4, 5, 7
CHAT = "chat22"
GUEST, WIDGET = 8, "http://127.0.0.1:8000/widget/"


@pytest.fixture(autouse=True)
def alpha(opens: Opens, installed: Callable[..., Portal]) -> Portal:
    return installed()


class TestAuthorizationServer:
    """It says whose a token is, and nothing else; whatever else it says, the portal is asked."""

    @pytest.fixture(autouse=True)
    def _opened(self, opens: Opens) -> None:
        cost(opens, form(opens, PRIYA))

    @pytest.mark.parametrize("fault", ["500", "html", "garbage", "query_limit", "not_installed"])
    def test_in_trouble(self, opens: Opens, fault: str) -> None:
        opens.emulator.control.fault("oauth", fault)
        assert cost(opens, form(opens, PRIYA)).told == (200, 1, 1)

    def test_known_to_be_away_it_is_not_called(self, opens: Opens) -> None:
        opens.emulator.control.fault("oauth", "500")
        for _ in range(5):
            cost(opens, form(opens, PRIYA))
        assert cost(opens, form(opens, PRIYA)).told == (200, 1, 0)

    def test_crowded_by_us(self, opens: Opens, settings: Any) -> None:
        settings.WEB_THREADS = 2
        with bulkhead.place("authorization server"):
            assert cost(opens, form(opens, PRIYA)).told == (200, 1, 0)

    def test_while_the_application_is_being_set_up(self, opens: Opens) -> None:
        posted = form(opens, PRIYA)
        opens.emulator.control.update("alpha", 1, installer=True)
        found = cost(opens, posted)
        assert (found.portal, found.server) == (1, 1)

    def test_where_only_administrators_may_it_knows_too_little_of_a_fellow_member(self, opens: Opens) -> None:
        Portal.objects.update(placement_settings={"role": "ADMIN"})
        assert cost(opens, form(opens, ADMIN)).told == (200, 1, 1)
        assert cost(opens, form(opens, ADMIN)).told == (200, 0, 1)
        assert cost(opens, form(opens, MEI)).told == (403, 1, 1)

    def test_an_answer_without_that_knowledge_does_not_refuse_an_administrator_later(
        self, opens: Opens
    ) -> None:
        posted = form(opens, ADMIN)
        assert cost(opens, posted).told == (200, 0, 1)
        Portal.objects.update(placement_settings={"role": "ADMIN"})
        assert cost(opens, posted).told == (200, 1, 1)


class TestPortalAway:
    """Answers of the last hour count while the portal cannot be reached, and at no other time."""

    @pytest.fixture(autouse=True)
    def _opened(self, opens: Opens, clocks: Clocks) -> None:
        cost(opens, form(opens, PRIYA))
        clocks.advance(seconds=10 * 60)

    @pytest.mark.parametrize("fault", ["500", "html", "connection_error"])
    def test_with_a_token_never_seen(self, opens: Opens, fault: str) -> None:
        posted = form(opens, PRIYA)
        opens.emulator.control.fault("alpha", fault)
        found = cost(opens, posted)
        assert found.told == (200, 1, 1)
        assert frame_data(found.response)["expires_in"] <= 300
        assert cost(opens, form(opens, MEI)).response.status_code == 200  # by the look

    def test_circuit_open(self, opens: Opens) -> None:
        posted = form(opens, PRIYA)
        opens.emulator.control.fault("alpha", "500")
        for _ in range(5):
            cost(opens, posted)
        assert cost(opens, posted).told[:2] == (200, 0)

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("query_limit", "busy"),
            ("operation_time_limit", "busy"),
            ("garbage", "portal_unreachable"),
            ("access_denied", "rest_unavailable"),
            ("overload_limit", "misconfigured"),
        ],
    )
    def test_an_answer_however_bad_is_none_of_that(self, opens: Opens, fault: str, reason: str) -> None:
        posted = form(opens, PRIYA)
        opens.emulator.control.fault("alpha", fault)
        assert opens.post(posted).context["reason"] == reason

    def test_nor_is_our_own_limit_for_a_token(self, opens: Opens) -> None:
        posted = form(opens, PRIYA)
        for number in range(31):
            opens.post(with_dialog(posted, f"chat{1000 + number}"))
        refused = opens.post(posted)
        assert refused.context["reason"] == "asked_too_often"
        assert refused.headers["Retry-After"] == "60"

    def test_nor_the_portals_bucket(self, opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
        posted = form(opens, PRIYA)
        portal = Portal.objects.get()
        gate = PortalGate.to(portal.client_endpoint, licence=portal.licence)
        with suppress(RateLimited):
            while True:
                PortalGate(gate.host, gate.plan, sleep=lambda _: None).admit(["profile"])
        monkeypatch.setattr(limits, "LONGEST_WAIT", 1.0)
        refused = opens.post(posted)
        assert refused.context["reason"] == "busy"
        assert int(refused.headers["Retry-After"]) in (3, 4, 5)

    def test_nor_a_crowd_of_ours_at_the_portal(self, opens: Opens, settings: Any, alpha: Portal) -> None:
        posted = form(opens, PRIYA)
        settings.WEB_THREADS = 2
        with bulkhead.place(alpha.pk):
            refused = opens.post(posted)
        assert (refused.context["reason"], refused.headers["Retry-After"]) == ("portal_slow", "1")

    def test_nor_an_authorization_server_that_is_away_while_tokens_are_checked_there(
        self, opens: Opens, alpha: Portal
    ) -> None:
        for _ in range(suspicion.FAILURES_AT_PORTAL):
            suspicion.failed_at(alpha.pk)
        opens.emulator.control.fault("oauth", "500")
        opens.emulator.control.members("alpha", 22, remove=[PRIYA])
        assert opens.post(form(opens, PRIYA)).context["reason"] == "no_access"
        assert opens.post(form(opens, MEI)).status_code == 200

    def test_nor_is_another_chat_that_the_portal_answers_too_late(
        self, opens: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody else waits for it, and who was removed elsewhere does not read on."""
        removed = opens.form("alpha", PRIYA, "chat21")
        opens.emulator.control.members("alpha", 22, remove=[PRIYA])
        monkeypatch.setattr(inquiry, "_SECONDS", 0.5)
        opens.emulator.control.fault("alpha", delay_ms=1000)
        for _ in range(breaker.THRESHOLD):
            assert opens.widget("alpha", MEI, "chat24").status_code == 503
        opens.emulator.control.fault("alpha")
        monkeypatch.undo()
        time.sleep(0.6)  # the last one that nobody waits for any more
        assert opens.post(form(opens, TOMAS)).status_code == 200
        assert cost(opens, with_dialog(removed, CHAT)).response.status_code == 403

    def test_an_authorization_server_that_asks_to_wait_is_left_alone(self, opens: Opens) -> None:
        assert opens.post(form(opens, MEI)).status_code == 200
        opens.emulator.control.fault("oauth", "query_limit")
        opens.emulator.control.forget_requests()
        for viewer in (MEI, TOMAS, PRIYA):
            assert opens.post(form(opens, viewer)).status_code == 200
        assert len(opens.emulator.control.requests("oauth")) == 1

    def test_all_questions_of_an_open_have_one_end(
        self, opens: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inquiry, "_SECONDS", 0.6)
        opens.emulator.control.fault("alpha", delay_ms=1500)
        assert opens.widget("alpha", PRIYA, "chat24").context["reason"] == "portal_unreachable"
        time.sleep(1)  # nobody waits for it any more

    def test_who_was_refused_meanwhile_has_no_answers_left(self, opens: Opens) -> None:
        opens.emulator.control.members("alpha", 22, remove=[PRIYA])
        removed = opens.form("alpha", PRIYA, "chat21")
        assert cost(opens, with_dialog(removed, CHAT)).response.status_code == 403
        opens.emulator.control.fault("alpha", "500")
        for posted in (removed, form(opens, PRIYA, "chat21")):
            assert cost(opens, with_dialog(posted, CHAT)).response.status_code == 503


class TestNames:
    """The names of a chat's people are a help: no open depends on them."""

    def test_their_time_budget_is_spent(self, opens: Opens) -> None:
        gate = PortalGate.to(Portal.objects.get().client_endpoint)
        gate.refused(["im.dialog.users.list"], TimeBudgetSpent(retry_after=60))
        assert cost(opens, form(opens, PRIYA)).told == (200, 1, 0)
        assert "im.dialog.users.list" not in commands(opens)

    def test_the_budget_of_what_is_needed_is_spent(self, opens: Opens) -> None:
        gate = PortalGate.to(Portal.objects.get().client_endpoint)
        gate.refused(["im.dialog.get"], TimeBudgetSpent(retry_after=60))
        refused = cost(opens, form(opens, PRIYA))
        assert refused.told == (503, 0, 0)
        assert refused.response.context["reason"] == "busy"
        assert 50 < int(refused.response.headers["Retry-After"]) <= 60
