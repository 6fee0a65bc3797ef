"""The main path: install as an administrator, open a chat's sidebar, write, and who sees what."""

from collections.abc import Callable

import pytest

from portals.models import Portal, PortalToken, PortalTransition
from tests.support.opens import Opens, frame_data
from widget.models import Chat, Note

pytestmark = pytest.mark.django_db

# alpha's people and chats (emulator/demo/northwind.py)
ADMIN, PRIYA, TOMAS, LUCIA, MEI = 1, 3, 4, 5, 7
Install = Callable[..., Portal]


@pytest.mark.parametrize("key", ["alpha", "beta"])
def test_an_administrator_installs_with_one_post(opens: Opens, key: str) -> None:
    response = opens.install(key, user_id=1)

    assert response.status_code == 200
    assert frame_data(response) == {"finish": True}
    address = opens.emulator.portals[key]
    portal = Portal.objects.get()
    assert (portal.member_id, portal.status) == (address.member_id, "active")
    assert (portal.domain, portal.client_endpoint) == (address.domain, address.client_endpoint)
    token = PortalToken.objects.get()
    assert (token.portal, token.user_id) == (portal, 1)
    assert [(t.old, t.new, t.reason) for t in PortalTransition.objects.all()] == [
        ("new", "active", "installed")
    ]
    [bound] = opens.emulator.control.sidebar_items(key)
    assert bound["handler"] == "http://127.0.0.1:8000/widget/"


def test_installing_makes_one_call_to_the_authorization_server_and_two_to_the_portal(opens: Opens) -> None:
    form = opens.emulator.control.install("alpha")
    opens.emulator.control.forget_requests()

    opens.post(form)

    calls = [(r["kind"], r["method"]) for r in opens.emulator.control.requests() if r["kind"] != "event_out"]
    assert calls == [("oauth", "app.info"), ("rest", "batch"), ("rest", "batch")]


def test_installing_again_changes_nothing(opens: Opens) -> None:
    opens.install()
    opens.install()

    assert Portal.objects.count() == PortalToken.objects.count() == PortalTransition.objects.count() == 1
    assert len(opens.emulator.control.sidebar_items("alpha")) == 1


def test_a_note_is_seen_by_a_fellow_member_and_not_by_an_outsider(opens: Opens, installed: Install) -> None:
    installed()
    dialog = "chat22"
    page = opens.widget("alpha", PRIYA, dialog)
    assert page.status_code == 200
    opens.api(frame_data(page)["session"]).add("Contract ends in **May**")

    fellow = opens.widget("alpha", MEI, dialog)
    outsider = opens.widget("alpha", LUCIA, dialog)

    assert "<strong>May</strong>" in fellow.content.decode()
    assert outsider.status_code == 403
    assert "May" not in outsider.content.decode()


def test_private_chats_of_two_people_with_the_same_third_stay_apart(opens: Opens, installed: Install) -> None:
    """Priya with Mei and Tomas with Mei: both name their chat ``7``."""
    installed()
    priya = opens.widget("alpha", PRIYA, str(MEI))
    opens.api(frame_data(priya)["session"]).add("between Priya and Mei")

    tomas = opens.widget("alpha", TOMAS, str(MEI))
    mei = opens.widget("alpha", MEI, str(PRIYA))

    assert tomas.status_code == 200
    assert "between Priya and Mei" not in tomas.content.decode()
    assert "between Priya and Mei" in mei.content.decode()
    assert Chat.objects.count() == 2


def test_two_portals_side_by_side(opens: Opens, installed: Install) -> None:
    alpha, beta = installed("alpha"), installed("beta")
    common = "chat21"
    for key, text in (("alpha", "of alpha"), ("beta", "of beta")):
        page = opens.widget(key, 1, common)
        opens.api(frame_data(page)["session"]).add(text)

    assert "of beta" not in opens.widget("alpha", 1, common).content.decode()
    assert "of alpha" not in opens.widget("beta", 1, common).content.decode()
    assert set(Note.objects.values_list("chat__portal", "text")) == {
        (alpha.pk, "of alpha"),
        (beta.pk, "of beta"),
    }


def test_an_older_portal_posts_no_application_token(opens: Opens, installed: Install) -> None:
    form = opens.emulator.control.install("beta")
    assert "APPLICATION_TOKEN" not in form["fields"]
    assert installed("beta").application_token is None


def test_readers_of_an_open_chat_may_read_but_not_write(opens: Opens, installed: Install) -> None:
    installed()
    page = opens.widget("alpha", TOMAS, "chat24")

    assert page.status_code == 200
    data = frame_data(page)
    assert data["can_write"] is False
    refused = opens.api(data["session"]).call("POST", "notes/", {"text": "let me in"})
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only")
    assert not Note.objects.exists()
