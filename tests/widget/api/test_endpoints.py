"""`/api/v1/`: every endpoint works, refuses what is not allowed, and reaches the session's chat alone."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, Note
from widget.notebook import rendering
from widget.notebook.notes import TEXT_LIMIT

pytestmark = pytest.mark.django_db

PRIYA, LUCIA, MEI = 3, 5, 7


@pytest.fixture(autouse=True)
def _installed(installed: Callable[..., Portal]) -> None:
    installed()


@pytest.fixture
def api(opens: Opens) -> Api:
    """Priya's session in chat 22."""
    return opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])


def test_add_list_edit_delete(api: Api) -> None:
    note = api.add("# Agenda\n\n- [rent](https://example.com)")
    assert note["author"] == {"id": PRIYA, "name": "Priya Nair"}
    assert '<a href="https://example.com"' in note["html"]
    assert api.call("GET", "notes/").json() == {"results": [note], "next": None, "revision": 1}

    edited = api.call("PATCH", f"notes/{note['id']}/", {"text": "New", "version": 1}).json()
    assert (edited["text"], edited["version"]) == ("New", 2)

    assert api.call("DELETE", f"notes/{note['id']}/?version=2").status_code == 204
    assert api.call("GET", "notes/").json()["results"] == []


def test_a_request_sent_twice_makes_one_note(api: Api, opens: Opens) -> None:
    key = {"Idempotency-Key": "7c0e2a52-8f5e-4a3e-9d8b-0c8f6d1f4b10"}
    first, again = (api.call("POST", "notes/", {"text": "once"}, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert api.call("POST", "notes/", {"text": "once"}).json()["id"] != first.json()["id"]

    # What was deleted meanwhile is written anew: whoever saves wants it kept.
    api.call("DELETE", f"notes/{first.json()['id']}/?version=1")
    anew = api.call("POST", "notes/", {"text": "once"}, **key).json()
    assert anew["id"] != first.json()["id"]

    # A key is its author's, and its chat's.
    for person, chat in ((MEI, "chat22"), (PRIYA, "chat21")):
        other = opens.api(frame_data(opens.widget("alpha", person, chat))["session"])
        assert other.call("POST", "notes/", {"text": "once"}, **key).json()["id"] != anew["id"]
    assert Note.objects.filter(deleted_at=None).count() == 4


def test_requests_sent_twice_at_once_make_one_note(api: Api, transactional_db: None) -> None:
    key = {"Idempotency-Key": "7c0e2a528f5e4a3e9d8b0c8f6d1f4b10"}

    def send(_: int) -> Any:
        try:
            return api.call("POST", "notes/", {"text": "once"}, **key)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == Note.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x", "7c0e2a52", "7c0e2a528f5e4a3e9d8b0c8f6d1f4b10" * 20])
def test_a_key_that_is_none_is_said_to_be(api: Api, key: str) -> None:
    answer = api.call("POST", "notes/", {"text": "once"}, **{"Idempotency-Key": key})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["key"])
    assert not Note.objects.exists()


def test_a_stale_edit_gets_what_the_note_says_now(api: Api) -> None:
    note = api.add("first")
    api.call("PATCH", f"notes/{note['id']}/", {"text": "second", "version": 1})

    response = api.call("PATCH", f"notes/{note['id']}/", {"text": "third", "version": 1})

    problem = response.json()
    assert (response.status_code, problem["code"], problem["current"]["text"]) == (409, "stale", "second")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert Note.objects.get().text == "second"


def test_pages_follow_each_other_without_gap_or_overlap(api: Api) -> None:
    ids = [api.add(f"note {n}")["id"] for n in range(120)]

    seen: list[int] = []
    path: str | None = "notes/"
    while path:
        page = api.call("GET", path.removeprefix("/api/v1/")).json()
        seen += [note["id"] for note in page["results"]]
        path = page["next"]

    assert seen == ids[::-1]


def test_notes_of_another_chat_and_portal_cannot_be_reached(
    opens: Opens, api: Api, installed: Callable[..., Portal]
) -> None:
    installed("beta")
    other_chat = opens.api(frame_data(opens.widget("alpha", PRIYA, "7"))["session"]).add("private")
    other_portal = opens.api(frame_data(opens.widget("beta", 1, "chat21"))["session"]).add("of beta")

    for note in (other_chat, other_portal):
        path = f"notes/{note['id']}/"
        assert api.call("PATCH", path, {"text": "mine now", "version": 1}).status_code == 404
        assert api.call("DELETE", f"{path}?version=1").status_code == 404
    assert api.call("GET", "notes/").json()["results"] == []
    assert set(Note.objects.values_list("text", flat=True)) == {"private", "of beta"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "   "},
        {"text": None},
        {"text": ["a"]},
        {"text": "x" * (TEXT_LIMIT + 1)},
        {"text": "a\x00b"},
        [],
        "text",
    ],
)
def test_an_unusable_note_is_explained_and_not_stored(api: Api, body: Any) -> None:
    response = api.call("POST", "notes/", body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert not Note.objects.exists()


def test_a_broken_body_is_no_server_error(api: Api) -> None:
    response = api.client.generic(
        "POST",
        "/api/v1/notes/",
        b"{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.session}"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("bearer", ["", "Bearer", "Bearer x", "Basic abc", "Bearer a:b:c", "Bearer \xff"])
def test_without_a_session_of_ours_nothing_answers(api: Api, bearer: str) -> None:
    response = Client().get("/api/v1/notes/", headers={"Authorization": bearer})
    assert response.status_code == 401


def test_a_session_ends_after_minutes_and_is_renewed_with_fresh_auth(opens: Opens, api: Api) -> None:
    with time_machine.travel(16 * 60 + time.time(), tick=True):
        ended = api.call("GET", "notes/")
        assert (ended.status_code, ended.json()["code"]) == (401, "session_expired")

        form = opens.form("alpha", PRIYA, "chat22")
        body = {
            "member_id": form["fields"]["member_id"],
            "access_token": form["fields"]["AUTH_ID"],
            "dialog_id": "chat22",
        }
        renewed = Api(opens.client, "").call("POST", "session/", body)

        assert renewed.status_code == 200
        assert opens.api(renewed.json()["session"]).call("GET", "notes/").status_code == 200


def test_renewing_proves_access_again(opens: Opens) -> None:
    form = opens.form("alpha", LUCIA, "chat22", handler="http://127.0.0.1:8000/widget/")
    body = {
        "member_id": form["fields"]["member_id"],
        "access_token": form["fields"]["AUTH_ID"],
        "dialog_id": "chat22",
    }

    refused = Api(opens.client, "").call("POST", "session/", body)

    assert (refused.status_code, refused.json()["code"]) == (403, "no_access")


def test_the_schema_describes_every_endpoint(client: Client, db: None) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert schema.status_code == 200
    for path in ("/api/v1/notes/", "/api/v1/notes/{note_id}/", "/api/v1/session/"):
        assert path in schema.content.decode()


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_chat_that_is_erased_while_somebody_writes(
    api: Api, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The session has ended with it; a new one makes the chat known again."""
    note = api.add("a")
    real = rendering.made

    def erased(*args: Any) -> rendering.Made:
        made = real(*args)
        Chat.objects.all().delete()
        return made

    monkeypatch.setattr(rendering, "made", erased)
    path = "notes/" if method == "POST" else f"notes/{note['id']}/"
    answer = api.call(method, path, {"text": "b", "version": 1})
    assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")
