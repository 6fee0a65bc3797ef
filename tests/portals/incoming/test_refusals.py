"""What people are told when Bitrix24 refuses the whole request: nothing about a chat that nobody asked for."""

from collections.abc import Callable
from typing import Any

import pytest

from portals.models import Portal
from portals.refusals import EXPLANATIONS
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db

ADMIN, PRIYA = 1, 3
FAULTS = {
    "access_denied": "rest_unavailable",
    "user_access": "application_denied",
    "confirmation": "confirmation_waiting",
}


@pytest.fixture(params=FAULTS)
def refuse(request: pytest.FixtureRequest, opens: Opens) -> Callable[[], str]:
    """Makes the portal refuse; returns the reason that people are to be told."""

    def switch() -> str:
        opens.emulator.control.fault("alpha", request.param)
        return FAULTS[request.param]

    return switch


def test_the_installer(opens: Opens, refuse: Callable[[], str]) -> None:
    form = opens.emulator.control.install("alpha")
    reason = refuse()
    response = opens.post(form)
    assert (response.status_code, response.context["reason"]) == (403, reason)
    assert "chat" not in str(response.context["message"]).replace("Chat Notebook", "")


def test_the_application_page_and_its_settings(
    opens: Opens, installed: Callable[..., Portal], refuse: Callable[[], str]
) -> None:
    installed()
    page = frame_data(opens.application("alpha", ADMIN))
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    token = form["fields"]["AUTH_ID"]
    reason = refuse()
    assert opens.post(form).context["reason"] == reason
    sent = {"context": ["ALL"], "role": "USER", "extranet": False, "color": "", "title": "x"}
    answer = opens.client.post(
        page["settings"],
        sent | {"access_token": token},
        content_type="application/json",
        headers={"Authorization": f"Bearer {page['session']}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, reason)


def test_the_sidebar_and_the_renewal_of_its_session(
    opens: Opens, installed: Callable[..., Portal], refuse: Callable[[], str]
) -> None:
    installed()
    form = opens.form("alpha", PRIYA, "chat22")
    reason = refuse()
    assert opens.post(form).context["reason"] == reason
    fields = form["fields"]
    asked: dict[str, Any] = {
        "member_id": fields["member_id"],
        "access_token": fields["AUTH_ID"],
        "dialog_id": "chat22",
    }
    renewed = opens.api("").call("POST", "session/", asked)
    assert (renewed.status_code, renewed.json()["code"]) == (403, reason)
    assert renewed.json()["title"] == "Forbidden"


def test_a_chat_that_is_closed_to_somebody(opens: Opens, installed: Callable[..., Portal]) -> None:
    installed()
    assert opens.widget("alpha", PRIYA, "chat23").context["reason"] == "no_access"


@pytest.mark.parametrize("reason", EXPLANATIONS)
def test_only_refusals_about_a_chat_speak_of_one(reason: str) -> None:
    said = EXPLANATIONS[reason]
    speaks = "this chat" in f"{said.title} {said.message} {said.hint}"
    assert speaks == (reason == "no_access")


@pytest.mark.parametrize(
    ("tries", "wait"),
    [("0", 5), ("1", 10), ("3", 40), ("5", 60), ("999", 60), ("1000", 5), ("-1", 5), ("٣", 5), ("x", 5)],
)
def test_the_wait_grows_with_the_tries_before(
    opens: Opens, installed: Callable[..., Portal], tries: str, wait: int
) -> None:
    installed()
    form = opens.form("alpha", PRIYA, "chat22")
    form["fields"]["tries"] = tries
    opens.emulator.control.fault("alpha", "500")
    refused = opens.post(form)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, str(wait))
    assert f'data-after="{wait}"' in refused.content.decode()
