"""Attacks on our own proofs: the widget session and the application session."""

import base64
import json
import time
from dataclasses import asdict, replace
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client

from portals.incoming.sessions import ApplicationSession
from portals.models import Portal
from tests.security.conftest import ADMIN, CHAT, PRIYA, Install
from tests.support.opens import Api, Opens, frame_data
from widget.access.sessions import LIFETIME, WidgetSession
from widget.models import Note

pytestmark = pytest.mark.django_db


def refused(opens: Opens, bearer: str) -> None:
    for http, path, body in (("GET", "notes/", None), ("POST", "notes/", {"text": "mine"})):
        response = opens.api(bearer).call(http, path, body)
        assert response.status_code == 401, (bearer, response.content)
    assert not Note.objects.exists()


def changed(api: Api, key: str, value: Any) -> str:
    """The session with one claim rewritten and the old signature."""
    payload, _, signature = api.session.partition(":")
    data = signing.loads(api.session, salt="widget.session")
    data[key] = value
    forged = base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode()).rstrip(b"=").decode()
    assert forged != payload
    return f"{forged}:{signature}"


@pytest.mark.parametrize("claim", ["chat", "portal", "viewer", "can_write", "portal_epoch", "viewer_name"])
def test_session_with_a_rewritten_claim(opens: Opens, api: Api, claim: str) -> None:
    """Another chat, portal, viewer or role under the signature of a real session."""
    refused(opens, changed(api, claim, 9_999))


def test_session_signed_with_another_key(opens: Opens, api: Api) -> None:
    data = signing.loads(api.session, salt="widget.session")
    refused(opens, signing.dumps(data, key="another key", salt="widget.session"))


def test_session_without_signature_or_of_another_algorithm(opens: Opens, api: Api) -> None:
    payload = api.session.partition(":")[0]
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for bearer in (payload, f"{payload}::", f"{none}.{payload}.", f"{none}:{payload}:", f".{payload}:x:x"):
        refused(opens, bearer)


def test_session_signed_for_another_purpose(opens: Opens, api: Api, alpha: Portal) -> None:
    """The bearer of the application page, and any other value that we sign, opens no notebook; nor the reverse."""
    data = signing.loads(api.session, salt="widget.session")
    refused(opens, signing.dumps(data, salt="portals.incoming.application_api"))
    refused(opens, signing.dumps(data))
    refused(opens, ApplicationSession.of(alpha, ADMIN).sign())
    page = frame_data(opens.application("alpha", ADMIN))
    response = opens.client.post(
        page["erase"], '{"confirm": true}', content_type="application/json",
        headers={"Authorization": f"Bearer {api.session}"},
    )  # fmt: skip
    assert response.status_code == 401


def test_session_after_its_time(opens: Opens, api: Api) -> None:
    with time_machine.travel(time.time() + LIFETIME.total_seconds() + 2, tick=True):
        refused(opens, api.session)


def test_session_of_a_time_to_come(opens: Opens, api: Api) -> None:
    """A later time cannot be written into a session: the time is signed with the rest."""
    payload, _, signature = api.session.split(":")
    refused(opens, f"{payload}:zzzzzz:{signature}")


def test_session_in_a_cookie_or_an_address(opens: Opens, api: Api) -> None:
    """Only the header counts: no other site can make a browser send that."""
    client = Client()
    client.cookies["session"] = client.cookies["sessionid"] = api.session
    client.cookies["Authorization"] = f"Bearer {api.session}"
    path = f"/api/v1/notes/?session={api.session}&access_token={api.session}"
    assert client.get(path).status_code == 401
    assert client.post(path, {"session": api.session}, content_type="application/json").status_code == 401


def test_session_of_another_portals_chat(opens: Opens, api: Api, beta: Portal) -> None:
    """Even a session that we signed reads nothing where portal and chat do not belong together."""
    session = WidgetSession.read(api.session)
    refused(opens, replace(session, portal=beta.pk).sign())


def test_session_after_the_portal_left(opens: Opens, api: Api, alpha: Portal) -> None:
    alpha.mark_deleted("uninstalled")
    refused(opens, api.session)


def test_renewal_for_another_chat_portal_or_application(opens: Opens, api: Api, beta: Portal) -> None:
    """Trading fresh auth for a session proves as much as an open does."""
    own = opens.emulator.control.tokens("alpha", PRIYA)["access_token"]
    member_id = opens.emulator.portals["alpha"].member_id
    for body, status in (
        ({"member_id": member_id, "access_token": own, "dialog_id": "chat23"}, 403),
        ({"member_id": beta.member_id, "access_token": own, "dialog_id": CHAT}, 403),
        ({"member_id": "0" * 32, "access_token": own, "dialog_id": CHAT}, 404),
        ({"member_id": member_id, "access_token": "0" * 70, "dialog_id": CHAT}, 403),
        (
            {"member_id": member_id, "access_token": own, "dialog_id": CHAT, "viewer": 1, "can_write": True},
            200,
        ),
    ):
        response = Api(opens.client, "").call("POST", "session/", body)
        assert response.status_code == status, response.content
    assert WidgetSession.read(response.json()["session"]).viewer == PRIYA


def test_renewal_with_a_token_no_text_can_be(opens: Opens, alpha: Portal) -> None:
    tokens: list[object] = ["\ud800", "\x00", None, 7, [], {}, "x" * 100_000]
    for token in tokens:
        body = {"member_id": alpha.member_id, "access_token": token, "dialog_id": CHAT}
        assert Api(opens.client, "").call("POST", "session/", body).status_code in (400, 403), repr(token)


def test_application_session_of_an_employee(opens: Opens, alpha: Portal) -> None:
    """Only an administrator's page carries one, and it is proved anew with every page."""
    assert 'id="frame-data"' not in opens.application("alpha", PRIYA).content.decode()


def test_application_session_is_not_fixed_by_who_opens_next(opens: Opens, alpha: Portal) -> None:
    """Each page gets a session of its own, from the proof of that open: nothing in the request can choose it."""
    first = frame_data(opens.application("alpha", ADMIN))["session"]
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    form["url"] += f"&session={first}"
    opens.client.cookies["session"] = first
    page = opens.post(form, session=first)
    assert ApplicationSession.read(frame_data(page)["session"]).portal == alpha.pk
    assert not page.cookies


def test_application_session_of_another_portal(opens: Opens, installed: Install) -> None:
    alpha, beta = installed("alpha"), installed("beta")
    session = ApplicationSession.of(alpha, ADMIN)
    forged = ApplicationSession(**asdict(session) | {"portal": beta.pk}).sign()
    page = frame_data(opens.application("alpha", ADMIN))
    for bearer, status in ((forged, 401), (f"{page['session'][:-2]}xx", 401), ("", 401)):
        response = opens.client.post(
            page["erase"], '{"confirm": true}', content_type="application/json",
            headers={"Authorization": f"Bearer {bearer}"},
        )  # fmt: skip
        assert response.status_code == status
    assert Portal.objects.get(pk=beta.pk).status_changed_at == beta.status_changed_at
