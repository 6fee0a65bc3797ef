"""One person's proof serves others where that is safe, and nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from portals.bitrix24.payloads import DialogId
from portals.limits import PortalGate
from portals.models import Portal
from tests.support.opens import Opens, frame_data
from widget import access, proofs, shares

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
# alpha's people (emulator/demo/northwind.py); chat22 has Priya and Mei, not Lucia.
PRIYA, TOMAS, LUCIA, MEI = 3, 4, 5, 7


@pytest.fixture
def calls(opens: Opens, installed: Install) -> Callable[[dict[str, Any]], tuple[int, int]]:
    """Posts a form; returns the status and the number of calls to the portal that it took."""
    installed()

    def post(form: dict[str, Any]) -> tuple[int, int]:
        opens.emulator.control.forget_requests()
        response = opens.post(form)
        return response.status_code, len(opens.emulator.control.requests("rest"))

    return post


def with_dialog(form: dict[str, Any], dialog: str) -> dict[str, Any]:
    """The same person's open of another chat: same token."""
    return {**form, "fields": form["fields"] | {"PLACEMENT_OPTIONS": f'{{"dialogId": "{dialog}"}}'}}


def test_a_fellow_members_look_serves_a_member_who_is_known(opens: Opens, calls: Any) -> None:
    mei = opens.form("alpha", MEI, "chat21")
    assert calls(opens.form("alpha", PRIYA, "chat22")) == (200, 1)
    assert calls(mei) == (200, 1)
    assert calls(with_dialog(mei, "chat22")) == (200, 0)


def test_it_never_serves_an_outsider(opens: Opens, calls: Any) -> None:
    lucia = opens.form("alpha", LUCIA, "chat21")
    assert calls(opens.form("alpha", PRIYA, "chat22")) == (200, 1)
    assert calls(lucia) == (200, 1)
    assert calls(with_dialog(lucia, "chat22")) == (403, 1)


def test_nor_somebody_whose_token_is_not_proved(opens: Opens, calls: Any) -> None:
    calls(opens.form("alpha", PRIYA, "chat22"))
    form = opens.form("alpha", MEI, "chat22")
    form["fields"]["AUTH_ID"] = "f" * 70
    assert calls(form) == (403, 1)


def test_who_has_left_is_out_when_the_list_is_old(opens: Opens, calls: Any) -> None:
    mei = opens.form("alpha", MEI, "chat21")
    calls(mei)
    calls(opens.form("alpha", PRIYA, "chat22"))
    opens.emulator.control.members("alpha", 22, remove=[MEI])
    known = shares.chat_for(Portal.objects.get(), MEI, DialogId.parse("chat22"))
    assert known is not None
    cache.delete(shares._chat_key(Portal.objects.get(), MEI, DialogId.parse("chat22")))
    assert calls(with_dialog(mei, "chat22"))[0] == 403


def test_a_shared_proof_is_no_fresher_than_what_it_was_made_of(opens: Opens, calls: Any) -> None:
    mei = opens.form("alpha", MEI, "chat21")
    calls(mei)
    calls(opens.form("alpha", PRIYA, "chat22"))
    later = timezone.now().timestamp() + proofs.FRESH - 1
    calls(with_dialog(mei, "chat22"))
    with time_machine.travel(later + 5, tick=False):
        portal = Portal.objects.get()
        claim = access.Claim(portal.member_id, mei["fields"]["AUTH_ID"], DialogId.parse("chat22"), None)
        proof = proofs.known(claim.key, portal)
        assert proof is not None
        assert proof.proved_at < timezone.now().timestamp() - proofs.FRESH


def test_one_side_of_a_private_chat_serves_the_other_and_nobody_else(opens: Opens, calls: Any) -> None:
    mei, tomas = opens.form("alpha", MEI, "chat21"), opens.form("alpha", TOMAS, "chat21")
    for form in (mei, tomas):
        calls(form)
    page = opens.widget("alpha", PRIYA, str(MEI))
    opens.api(frame_data(page)["session"]).add("between Priya and Mei")

    assert calls(with_dialog(mei, str(PRIYA))) == (200, 0)
    assert "between Priya and Mei" in opens.post(with_dialog(mei, str(PRIYA))).content.decode()
    # "7" for Tomas is another chat than "7" for Priya.
    assert calls(with_dialog(tomas, str(MEI))) == (200, 1)
    assert "between Priya and Mei" not in opens.post(with_dialog(tomas, str(MEI))).content.decode()


def test_portals_share_nothing(opens: Opens, calls: Any, installed: Install) -> None:
    installed("beta")
    calls(opens.form("alpha", 1, "chat21"))
    assert calls(opens.form("beta", 1, "chat21")) == (200, 1)


def test_readers_of_an_open_chat_share_no_right_to_write(opens: Opens, calls: Any) -> None:
    tomas = opens.form("alpha", TOMAS, "chat21")
    calls(tomas)
    assert calls(opens.form("alpha", 1, "chat24"))[0] == 200
    page = opens.post(with_dialog(tomas, "chat24"))
    assert frame_data(page)["can_write"] is False


class TestWhenManyStandInLine:
    """The authorization server vouches, the portal is not asked."""

    @pytest.fixture(autouse=True)
    def _long_line(self, opens: Opens, calls: Any) -> None:
        Portal.objects.update(licence="")
        calls(opens.form("alpha", PRIYA, "chat22"))
        gate = PortalGate.to(Portal.objects.get().client_endpoint)
        while gate.line() < 1:
            PortalGate(gate.host, sleep=lambda _: None).admit(["profile"])

    def test_a_member_gets_in_without_a_call_to_the_portal(self, opens: Opens, calls: Any) -> None:
        form = opens.form("alpha", MEI, "chat22")
        assert calls(form) == (200, 0)
        data = frame_data(opens.post(form))
        assert (data["viewer_id"], data["can_write"]) == (MEI, True)

    def test_an_outsider_does_not(self, opens: Opens, calls: Any) -> None:
        assert calls(opens.form("alpha", LUCIA, "chat22")) == (403, 1)

    def test_nor_a_token_of_another_application(self, opens: Opens, calls: Any) -> None:
        control = opens.emulator.control
        control.application("app.other.1", app_url="http://127.0.0.1:1/", scope=["im", "placement"])
        control.install("alpha", client_id="app.other.1")
        form = opens.form("alpha", MEI, "chat22")
        form["fields"]["AUTH_ID"] = control.tokens("alpha", MEI, client_id="app.other.1")["access_token"]
        assert calls(form)[0] == 403

    def test_nor_a_token_of_another_portal(self, opens: Opens, calls: Any, installed: Install) -> None:
        installed("beta")
        form = opens.form("alpha", MEI, "chat22")
        form["fields"]["AUTH_ID"] = opens.emulator.control.tokens("beta", MEI)["access_token"]
        assert calls(form)[0] == 403

    def test_where_only_administrators_may_the_portal_is_asked(self, opens: Opens, calls: Any) -> None:
        Portal.objects.update(placement_settings={"role": "ADMIN"})
        assert calls(opens.form("alpha", MEI, "chat22")) == (403, 1)
