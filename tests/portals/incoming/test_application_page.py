"""The application page: settings that hold at once, export of what one may read, erasing."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portals.models import Portal
from tests.support.opens import Opens, frame_data
from widget.models import Chat, Note

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
ADMIN, PRIYA, TOMAS, MEI = 1, 3, 4, 7
SETTINGS = {
    "context": ["CHAT", "CRM"],
    "role": "USER",
    "extranet": True,
    "color": "GREEN",
    "title": "Team notes",
}


class Page:
    """The page of an administrator, and its API."""

    def __init__(self, opens: Opens, key: str = "alpha", user_id: int = ADMIN) -> None:
        self.opens = opens
        self.token = opens.emulator.control.tokens(key, user_id=user_id)["access_token"]
        self.data = frame_data(opens.application(key, user_id))

    def post(self, name: str, body: Any = None, session: str | None = None) -> Any:
        bearer = self.data["session"] if session is None else session
        text = (
            body
            if isinstance(body, str)
            else json.dumps({"access_token": self.token} if body is None else body)
        )
        return self.opens.client.post(
            self.data[name],
            text,
            content_type="application/json",
            headers={"Authorization": f"Bearer {bearer}"},
        )

    def save(self, **changed: Any) -> Any:
        return self.post("settings", {**SETTINGS, "access_token": self.token, **changed})

    def erase(self, session: str | None = None) -> Any:
        return self.post("erase", {"confirm": True, "access_token": self.token}, session)


@pytest.fixture
def page(opens: Opens, installed: Install) -> Page:
    installed()
    return Page(opens)


def options(opens: Opens) -> dict[str, Any]:
    [bound] = opens.emulator.control.sidebar_items("alpha")
    found: dict[str, Any] = bound
    return found


def test_settings_are_bound_on_the_portal_at_once(page: Page, opens: Opens) -> None:
    answer = page.save()

    assert (answer.status_code, answer.json()) == (200, {"settings": SETTINGS, "bound": True})
    bound = options(opens)
    assert bound["title"] == "Team notes"
    assert bound["options"] == {
        "iconName": "fa-sticky-note-o",
        "context": "CHAT;CRM",
        "role": "USER",
        "extranet": "Y",
        "color": "GREEN",
    }
    html = opens.application("alpha", ADMIN).content.decode()
    assert 'value="Team notes"' in html


def test_settings_are_enforced_at_the_next_open_even_of_who_is_in_already(page: Page, opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, str(MEI))
    assert opens.post(form).status_code == 200
    page.save(context=["CHAT"])
    refused = opens.post(form)
    assert refused.status_code == 403
    assert "context_excluded" in refused.content.decode()

    page.save(context=["ALL"], role="ADMIN")
    assert "administrators_only" in opens.post(form).content.decode()
    page.save(context=["ALL"])
    assert opens.post(form).status_code == 200


def test_without_a_fresh_token_the_portals_own_binds(page: Page, opens: Opens) -> None:
    assert page.post("settings", SETTINGS).json()["bound"] is True
    assert options(opens)["title"] == "Team notes"


def test_a_portal_that_does_not_answer_gets_them_later(page: Page, opens: Opens) -> None:
    opens.emulator.control.fault("alpha", "500")
    answer = page.save(role="ADMIN")
    assert (answer.status_code, answer.json()["bound"]) == (200, False)
    portal = Portal.objects.get()
    assert portal.placement_settings["role"] == "ADMIN"
    assert portal.handlers_digest == ""
    opens.emulator.control.fault("alpha")
    assert "administrators_only" in opens.widget("alpha", PRIYA, "chat22").content.decode()
    assert "Being renewed" in opens.application("alpha", ADMIN).content.decode()


def test_who_is_no_longer_an_administrator_changes_nothing(page: Page, opens: Opens) -> None:
    opens.emulator.control.change_user("alpha", ADMIN, admin=False)
    answer = page.save()
    assert (answer.status_code, answer.json()["code"]) == (403, "not_administrator")
    assert Portal.objects.get().placement_settings == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("context", []),
        ("context", "ALL"),
        ("context", ["ALL", "EVERYTHING"]),
        ("role", "OWNER"),
        ("extranet", "Y"),
        ("color", "TURQUOISE"),
        ("title", "x" * 61),
        ("title", 7),
        ("title", "a\x00b"),
    ],
)
def test_what_is_no_setting_is_named_and_not_stored(page: Page, field: str, value: Any) -> None:
    answer = page.save(**{field: value})
    assert (answer.status_code, answer.json()["fields"]) == (400, [field])
    assert Portal.objects.get().placement_settings == {}


@pytest.mark.parametrize("body", ["", "[]", "{", '{"context": ["ALL"]}', "nul"])
def test_unreadable_bodies_are_refused(page: Page, body: str) -> None:
    assert page.post("settings", body).status_code == 400


@pytest.mark.parametrize("name", ["settings", "export", "erase"])
def test_nothing_works_without_a_session(page: Page, opens: Opens, name: str) -> None:
    assert page.post(name, session="").status_code == 401
    assert page.post(name, session="forged").json()["code"] == "session_invalid"
    assert opens.client.get(page.data[name]).status_code == 405
    widget = frame_data(opens.widget("alpha", ADMIN, "chat21"))["session"]
    assert page.post(name, session=widget).status_code == 401


def test_a_session_ends_by_time_and_with_the_portals_status(page: Page) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert page.erase().json()["code"] == "session_expired"
    Portal.objects.get().block("operator")
    assert page.erase().json()["code"] == "session_expired"


def test_a_session_of_one_portal_reaches_no_other(page: Page, opens: Opens, installed: Install) -> None:
    installed("beta")
    beta = Page(opens, "beta")
    token_of_beta = beta.token
    answer = page.post("settings", {**SETTINGS, "access_token": token_of_beta})
    assert answer.status_code == 403
    assert not Portal.objects.exclude(placement_settings={}).exists()


def test_only_administrators_get_the_settings(page: Page, opens: Opens) -> None:
    html = opens.application("alpha", PRIYA).content.decode()
    assert "Where to find it" in html
    assert 'id="settings"' not in html
    assert "frame-data" not in html


def test_the_export_shows_what_the_administrator_may_read_and_no_more(page: Page, opens: Opens) -> None:
    """Administering is not reading everybody's private chats."""
    for person, dialog, text in ((ADMIN, "chat21", "for all"), (PRIYA, str(MEI), "between two")):
        opens.api(frame_data(opens.widget("alpha", person, dialog))["session"]).add(text)
    member = opens.api(frame_data(opens.widget("alpha", ADMIN, "chat21"))["session"])
    member.call("DELETE", f"notes/{member.add('taken back')['id']}/?version=1")

    answer = page.post("export")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="chat-notebook.json"'
    assert "between two" not in answer.content.decode()
    assert "taken back" not in answer.content.decode()
    exported = answer.json()
    assert exported["portal"]["domain"] == opens.emulator.portals["alpha"].domain
    assert [line["reason"] for line in exported["history"]] == ["installed"]
    texts = {chat["chat_id"]: chat["notes"] and chat["notes"][0]["text"] for chat in exported["chats"]}
    assert sorted(texts.values(), key=str) == [None, "for all"]
    assert {chat["number_of_notes"] for chat in exported["chats"]} == {1}
    assert page.token not in answer.content.decode()


def test_the_export_of_a_large_portal_comes_in_parts_of_two_requests_each(page: Page, opens: Opens) -> None:
    opens.api(frame_data(opens.widget("alpha", ADMIN, "chat21"))["session"]).add("for all")
    chats = Chat.objects.bulk_create(Chat(portal=Portal.objects.get(), chat_id=n) for n in range(1000, 1200))
    Note.objects.bulk_create(
        Note(chat=chat, text="x", html="x", author_id=3, author_name="P") for chat in chats[:120]
    )
    exported: list[dict[str, Any]] = []
    after: int | None = 0
    for expected in (50, 50, 101):
        opens.emulator.control.forget_requests()
        part = page.post("export", {"access_token": page.token, "after": after}).json()
        assert ("portal" in part) is (after == 0)
        assert len(part["chats"]) == expected
        assert len(opens.emulator.control.requests("rest")) <= 2
        exported += part["chats"]
        after = part["next"]
    assert after is None
    assert [chat["notes"] is not None for chat in exported] == [True] + 200 * [False]
    assert sum(chat["number_of_notes"] for chat in exported) == 121


@pytest.mark.parametrize("after", [-1, True, "7", 2**63, None])
def test_a_part_is_named_by_a_number(page: Page, after: Any) -> None:
    answer = page.post("export", {"access_token": page.token, "after": after})
    assert (answer.status_code, answer.json()["fields"]) == (400, ["after"])


def test_erasing_needs_a_word_takes_everything_and_keeps_the_installation(page: Page, opens: Opens) -> None:
    open_page = frame_data(opens.widget("alpha", PRIYA, "chat22"))
    session = opens.api(open_page["session"])
    session.add("soon gone")

    assert page.post("erase", {}).status_code == 400
    assert Note.objects.exists()

    assert page.post("erase", {"confirm": True}).json()["code"] == "token_missing"
    assert Note.objects.exists()

    answer = page.erase()
    assert answer.status_code == 200
    assert not Note.objects.exists()
    portal = Portal.objects.get()
    assert portal.status == "active"
    assert portal.transitions.latest("pk").reason == "content_erased"
    assert session.call("POST", "notes/", {"text": "too late"}).status_code == 401
    again = opens.widget("alpha", PRIYA, "chat22")
    opens.api(frame_data(again)["session"]).add("a new start")
    assert page.erase(session=answer.json()["session"]).status_code == 200


@pytest.mark.parametrize("fault", ["no administrator", "500", "another portal"])
def test_erasing_asks_the_portal_once_more_who_that_is(
    page: Page, opens: Opens, installed: Install, fault: str
) -> None:
    opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"]).add("kept")
    match fault:
        case "no administrator":
            opens.emulator.control.change_user("alpha", ADMIN, admin=False)
        case "another portal":
            installed("beta")
            page.token = opens.emulator.control.tokens("beta", ADMIN)["access_token"]
        case _:
            opens.emulator.control.fault("alpha", fault)
    assert page.erase().status_code in (403, 503)
    assert Note.objects.get().text == "kept"


def test_nothing_runs_or_styles_without_the_nonce_of_this_answer(page: Page, opens: Opens) -> None:
    response = opens.application("alpha", ADMIN)
    html = response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    [nonce] = set(re.findall("'nonce-([^']+)'", policy))
    assert " style=" not in html
    assert re.findall("<style([^>]*)>", html) == [f' nonce="{nonce}"']
    scripts = [tag for tag in re.findall("<script([^>]*)>", html) if "application/json" not in tag]
    assert scripts
    assert all(f'nonce="{nonce}"' in tag and "src=" in tag for tag in scripts)
    assert nonce not in opens.application("alpha", ADMIN).content.decode()
    assert "onclick" not in html
    assert "unsafe" not in policy
    assert f"frame-ancestors {opens.emulator.portals['alpha'].url}" in policy
