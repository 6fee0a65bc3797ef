"""Attacks on the way in: somebody else's token, portal or chat, and requests that contradict themselves."""

from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.core.cache import cache

from portals.models import Portal
from tests.security.conftest import ADMIN, CHAT, GUEST, HANDLER, LUCIA, PRIYA, TOMAS, Install, reason
from tests.support.opens import Opens, frame_data
from widget.models import Chat, Note

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alpha(alpha: Portal) -> None:
    """Portal alpha is installed."""


def foreign_token(opens: Opens, user_id: int = PRIYA) -> str:
    """A token that alpha made for another application."""
    applications = opens.emulator.control.state()["applications"]
    foreign = next(client for client in applications if client != opens.emulator.client_id)
    opens.emulator.control.install("alpha", client_id=foreign)
    return str(opens.emulator.control.tokens("alpha", user_id, client_id=foreign)["access_token"])


def test_open_with_another_applications_token_of_the_same_portal(opens: Opens) -> None:
    response = opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID=foreign_token(opens))
    assert reason(response) == (403, "foreign_application")
    assert not Chat.objects.exists()


def test_open_with_another_applications_token_after_a_colleague_opened(opens: Opens) -> None:
    """What is shared among colleagues is no way around the check of the application."""
    assert opens.widget("alpha", TOMAS, CHAT).status_code == 200
    response = opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID=foreign_token(opens))
    assert reason(response) == (403, "foreign_application")


def test_application_page_with_another_applications_token(opens: Opens) -> None:
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    response = opens.post(form, AUTH_ID=foreign_token(opens, ADMIN))
    assert reason(response) == (403, "foreign_application")
    assert "frame-data" not in response.content.decode()


@pytest.mark.parametrize("page", ["/widget/", "/app/"])
def test_open_with_a_token_of_another_portal(opens: Opens, beta: Portal, page: str) -> None:
    token = opens.emulator.control.tokens("beta", ADMIN)["access_token"]
    form = opens.form("alpha", PRIYA, CHAT)
    form["url"] = form["url"].replace("/widget/", page)
    assert reason(opens.post(form, AUTH_ID=token)) == (403, "token_refused")


@pytest.mark.parametrize("page", ["/widget/", "/app/"])
def test_open_with_another_portals_member_id(opens: Opens, beta: Portal, page: str) -> None:
    form = opens.form("alpha", ADMIN, CHAT)
    form["url"] = form["url"].replace("/widget/", page)
    assert reason(opens.post(form, member_id=beta.member_id)) == (403, "token_refused")


def test_open_warm_with_another_portals_member_id(opens: Opens, beta: Portal) -> None:
    """A cached proof of one portal is none for another."""
    form = opens.form("alpha", ADMIN, CHAT)
    assert opens.post(form).status_code == 200
    assert reason(opens.post(form, member_id=beta.member_id)) == (403, "token_refused")


def test_open_replayed_after_expiry(opens: Opens, clocks: Any) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    clocks.advance(seconds=3700)
    cache.clear()  # Redis' own clock stood still
    assert reason(opens.post(form)) == (401, "token_expired")


def test_open_of_a_foreign_chat(opens: Opens) -> None:
    form = opens.form("alpha", LUCIA, CHAT, handler=HANDLER)
    assert reason(opens.post(form)) == (403, "no_access")
    assert not Chat.objects.exists()


def test_open_of_a_foreign_chat_a_colleague_has_just_opened(opens: Opens) -> None:
    """Warm for its members is not warm for others, not even for who is known from another chat."""
    assert opens.widget("alpha", TOMAS, CHAT).status_code == 200
    assert opens.widget("alpha", LUCIA, "7").status_code == 200
    assert reason(opens.post(opens.form("alpha", LUCIA, CHAT, handler=HANDLER))) == (403, "no_access")


def test_private_chat_of_two_others(opens: Opens) -> None:
    """``dialogId`` 7 is Priya's chat with Mei for Priya and Lucia's own chat with Mei for Lucia."""
    opens.api(frame_data(opens.widget("alpha", PRIYA, "7"))["session"]).add("between Priya and Mei")
    page = opens.widget("alpha", LUCIA, "7")
    assert page.status_code == 200
    assert "between Priya and Mei" not in page.content.decode()


def test_private_chat_by_its_canonical_number(opens: Opens) -> None:
    opens.api(frame_data(opens.widget("alpha", PRIYA, "7"))["session"]).add("between Priya and Mei")
    number = Chat.objects.get().chat_id
    form = opens.form("alpha", LUCIA, CHAT, handler=HANDLER)
    response = opens.post(form, PLACEMENT_OPTIONS=f'{{"dialogId": "chat{number}"}}')
    assert reason(response) == (403, "no_access")


@pytest.mark.parametrize(
    "dialog",
    ["22", '["chat22"]', '{"a": 1}', "true", "1e3", '"chat22\\u0000"', '"\\u017fg5"', '"chat\\u0662\\u0662"',
     '"chat22:identity:1"',
     '"$result[dialog][id]"', '"chat22&DIALOG_ID=chat23"', '"chat-22"', '"' + "9" * 400 + '"'],
)  # fmt: skip
def test_dialog_id_of_strange_shape(opens: Opens, dialog: str) -> None:
    """Other types and alphabets, keys of our cache, references of a batch, parameters within parameters."""
    form = opens.form("alpha", PRIYA, CHAT)
    response = opens.post(form, PLACEMENT_OPTIONS=f'{{"dialogId": {dialog}}}')
    assert response.status_code in (400, 403)
    assert not Chat.objects.exists()


def test_guest_from_outside_the_company(opens: Opens) -> None:
    assert reason(opens.post(opens.form("alpha", GUEST, "chat27", handler=HANDLER))) == (
        403,
        "employees_only",
    )


def test_guest_who_says_to_be_none(opens: Opens) -> None:
    """Whatever a form adds about the viewer, the portal alone says who is a guest."""
    form = opens.form("alpha", GUEST, "chat27", handler=HANDLER)
    response = opens.post(form, extranet="N", USER_TYPE="employee", status="L")
    assert reason(response) == (403, "employees_only")


def test_employee_where_administrators_alone_may(opens: Opens) -> None:
    assert opens.widget("alpha", PRIYA, CHAT).status_code == 200
    Portal.objects.update(placement_settings={"role": "ADMIN"})
    assert reason(opens.widget("alpha", PRIYA, CHAT)) == (403, "administrators_only")


def test_chat_of_an_excluded_kind(opens: Opens) -> None:
    Portal.objects.update(placement_settings={"context": ["CRM"]})
    assert reason(opens.post(opens.form("alpha", PRIYA, CHAT, handler=HANDLER))) == (403, "context_excluded")


def test_dismissed_employee(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    opens.emulator.control.change_user("alpha", PRIYA, kind="dismissed")
    assert opens.post(form).status_code in (401, 403)


def test_query_string_against_body(opens: Opens, alpha: Portal, beta: Portal) -> None:
    """Each parameter counts in one place only: what the other place says of it is nothing."""
    form = opens.form("alpha", PRIYA, CHAT)
    token = opens.emulator.control.tokens("beta", ADMIN)["access_token"]
    form["url"] += f"&member_id={beta.member_id}&AUTH_ID={token}"
    form["url"] += "&PLACEMENT_OPTIONS=%7B%22dialogId%22%3A%22chat23%22%7D"
    response = opens.post(form, DOMAIN="attacker.example", PROTOCOL="0", LANG="<script>")
    assert response.status_code == 200
    data = frame_data(response)
    assert (data["member_id"], data["dialog_id"]) == (alpha.member_id, CHAT)
    assert "attacker.example" not in str(response.headers)


def test_parameter_given_twice(opens: Opens, beta: Portal) -> None:
    """The last one counts for everything, as in PHP: no check sees another value than the work."""
    form = opens.form("alpha", PRIYA, CHAT)
    url = urlsplit(form["url"])
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in form["fields"].items())
    response = opens.client.post(
        f"{url.path}?{url.query}",
        f"{body}&member_id={beta.member_id}",
        content_type="application/x-www-form-urlencoded",
    )
    assert reason(response) == (403, "token_refused")


def test_open_of_a_portal_that_uninstalled(opens: Opens, alpha: Portal) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    alpha.mark_deleted("uninstalled")
    assert reason(opens.post(form)) == (403, "not_installed")


def test_open_of_a_portal_an_operator_blocked(opens: Opens, alpha: Portal) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    alpha.block("operator")
    assert reason(opens.post(form)) == (403, "portal_blocked")
    assert reason(opens.install("alpha")) == (403, "portal_blocked")


def test_portals_with_the_same_chat_number_stay_apart(opens: Opens, beta: Portal) -> None:
    opens.api(frame_data(opens.widget("alpha", ADMIN, "chat21"))["session"]).add("of alpha")
    assert "of alpha" not in opens.widget("beta", ADMIN, "chat21").content.decode()
    assert Note.objects.count() == 1
    assert Chat.objects.filter(chat_id=21).count() == 2


def test_install_twice_does_not_reopen_old_proofs(opens: Opens, installed: Install) -> None:
    """A session of before an uninstall is worth nothing after the reinstall."""
    session = frame_data(opens.widget("alpha", PRIYA, CHAT))["session"]
    Portal.objects.get().mark_deleted("uninstalled")
    installed("alpha")
    assert opens.api(session).call("GET", "notes/").status_code == 401
