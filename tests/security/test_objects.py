"""Attacks on what the API holds: every object by its id from elsewhere, every field that is not the sender's."""

from dataclasses import replace
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from portals.models import Portal
from tests.security.conftest import ADMIN, CHAT, MEI, PRIYA, TOMAS
from tests.support.opens import Api, Opens, frame_data
from widget.access.sessions import WidgetSession
from widget.models import Note, NoteRevision

pytestmark = pytest.mark.django_db

Attack = tuple[str, str, Any]
# Every endpoint that names an object, with a body it would take.
BY_ID: list[Attack] = [
    ("GET", "notes/{id}/", None),
    ("PATCH", "notes/{id}/", {"text": "mine", "version": 2}),
    ("DELETE", "notes/{id}/?version=2", None),
    ("PUT", "notes/{id}/pin/", None),
    ("DELETE", "notes/{id}/pin/", None),
    ("PUT", "notes/{id}/boxes/0/", {"checked": True, "version": 2}),
    ("GET", "notes/{id}/history/", None),
    ("GET", "notes/{id}/history/1/", None),
    ("POST", "notes/{id}/restore/", None),
]


def paths() -> set[str]:
    """Every address of the API that names an object, as the URL configuration has it."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> set[str]:
        found: set[str] = set()
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            found |= walk(pattern.url_patterns, path) if isinstance(pattern, URLResolver) else {path}
        return found

    every = walk(get_resolver().url_patterns, "")
    return {path.removeprefix("api/v1/") for path in every if path.startswith("api/v1/") and "<" in path}


def test_no_object_is_forgotten_here() -> None:
    """Who adds an endpoint with an object adds it to the list of attacks."""
    shapes = {path.partition("?")[0].replace("{id}", "<int:note_id>") for _, path, _ in BY_ID}
    shapes = {path.replace("boxes/0", "boxes/<int:box>") for path in shapes}
    shapes = {path.replace("history/1", "history/<int:version>") for path in shapes}
    # A page is nobody's object, and a template has a test of its own below.
    assert paths() == shapes | {"notes/here/<slug:page>/", "templates/<int:template_id>/"}


@pytest.mark.parametrize("attack", BY_ID, ids=lambda attack: f"{attack[0]} {attack[1]}")
@pytest.mark.parametrize("deleted", [False, True], ids=["", "deleted"])
def test_object_of_another_chat_or_portal(
    opens: Opens, api: Api, beta: Portal, *, attack: Attack, deleted: bool
) -> None:
    http, path, body = attack
    others = [
        opens.api(frame_data(opens.widget("alpha", PRIYA, "7"))["session"]),
        opens.api(frame_data(opens.widget("beta", ADMIN, "chat21"))["session"]),
    ]
    for other in others:
        note = other.add("- [ ] theirs")
        other.call("PATCH", f"notes/{note['id']}/", {"text": "- [ ] theirs!", "version": 1})
        if deleted:
            other.call("DELETE", f"notes/{note['id']}/?version=2")
        before = state()

        response = api.call(http, path.format(id=note["id"]), body)

        assert response.status_code == 404
        assert "theirs" not in response.content.decode()
        assert state() == before


def test_a_template_of_another_chat_or_portal(opens: Opens, api: Api, beta: Portal) -> None:
    for key, viewer, chat in (("alpha", PRIYA, "7"), ("beta", ADMIN, "chat21")):
        other = opens.api(frame_data(opens.widget(key, viewer, chat))["session"])
        template = other.call("POST", "templates/", {"title": "theirs", "text": "theirs"}).json()["id"]
        assert api.call("DELETE", f"templates/{template}/").status_code == 404
        assert "theirs" not in api.call("GET", "templates/").content.decode()
        assert other.call("GET", "templates/").json()["results"][0]["id"] == template


@pytest.mark.parametrize(
    ("http", "path", "body"),
    [("GET", "", None), ("POST", "", {"title": "a", "text": "a"}), ("DELETE", "1/", None)],
)
def test_templates_as_a_reader(api: Api, opens: Opens, http: str, path: str, body: Any) -> None:
    reader = opens.api(replace(WidgetSession.read(api.session), can_write=False).sign())
    answer = reader.call(http, f"templates/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")


@pytest.mark.parametrize(("http", "path", "body"), [each for each in BY_ID if each[0] != "GET"])
def test_write_as_a_reader(opens: Opens, api: Api, http: str, path: str, body: Any) -> None:
    note = api.add("- [ ] ours")
    api.call("PATCH", f"notes/{note['id']}/", {"text": "- [ ] ours!", "version": 1})
    if "restore" in path:
        api.call("DELETE", f"notes/{note['id']}/?version=2")
    reader = opens.api(replace(WidgetSession.read(api.session), can_write=False).sign())
    before = state()

    response = reader.call(http, path.format(id=note["id"]), body)

    assert (response.status_code, response.json()["code"]) == (403, "read_only")
    assert state() == before


def test_write_as_a_reader_of_an_open_chat(opens: Opens, alpha: Portal) -> None:
    data = frame_data(opens.widget("alpha", TOMAS, "chat24"))
    response = opens.api(data["session"]).call("POST", "notes/", {"text": "let me in"})
    assert (data["can_write"], response.status_code) == (False, 403)
    assert not Note.objects.exists()


def test_fields_that_are_not_the_senders(opens: Opens, api: Api) -> None:
    """Author, chat, HTML, version and times come from us, whatever a body says of them."""
    claims = {
        "id": 7, "chat": 99, "chat_id": 99, "author": {"id": MEI, "name": "Mei"}, "author_id": MEI,
        "author_name": "Mei", "editor_id": MEI, "html": "<script>1</script>", "renderer": 99, "version": 50,
        "changed_in": 10**9, "pinned_at": "2026-01-01T00:00:00Z", "created_at": "1999-01-01T00:00:00Z",
        "deleted_at": None, "open_points": 5,
    }  # fmt: skip
    response = api.call("POST", "notes/", {"text": "mine", **claims})
    assert response.status_code == 201
    edited = api.call("PATCH", f"notes/{response.json()['id']}/", claims | {"text": "mine!", "version": 1})
    assert edited.status_code == 200
    note = Note.objects.get()
    assert (note.author_id, note.editor_id, note.version, note.html.strip()) == (
        PRIYA,
        PRIYA,
        2,
        "<p>mine!</p>",
    )
    assert (note.pinned_at, note.changed_in, note.created_at.year > 2000) == (None, 2, True)


def test_ids_no_database_can_hold(api: Api) -> None:
    api.add("ours")
    for path in (
        f"notes/{2**63}/", f"notes/{10**30}/", f"notes/?before={10**30}", f"notes/changes/?since={10**30}",
        f"notes/?q=%23{10**30}", f"notes/{Note.objects.get().pk}/history/{10**12}/",
        f"notes/{Note.objects.get().pk}/history/{10**30}/",
    ):  # fmt: skip
        assert api.call("GET", path).status_code in (200, 400, 404), path
    pk = Note.objects.get().pk
    for version in (10**12, 10**30, 1e300):
        assert api.call("PATCH", f"notes/{pk}/", {"text": "x", "version": version}).status_code in (400, 409)
        body = {"checked": True, "version": version}
        assert api.call("PUT", f"notes/{pk}/boxes/{10**20}/", body).status_code in (400, 404, 409)


def test_search_as_a_way_around(opens: Opens, api: Api, beta: Portal) -> None:
    """Words of SQL and LIKE are words; ``#number`` finds notes of this chat alone."""
    api.add("100% ours")
    theirs = opens.api(frame_data(opens.widget("beta", ADMIN, "chat21"))["session"]).add("theirs")
    for query in ("' OR 1=1 --", "%25%25", "_____", "\\", f"%23{theirs['id']}", "theirs", "%00"):
        response = api.call("GET", f"notes/?q={query}")
        assert response.status_code in (200, 400)
        assert "theirs" not in response.content.decode()
        assert query in {"%25%25"} or response.status_code == 400 or not response.json()["results"], query


def test_revision_of_another_chat_by_its_etag(opens: Opens, api: Api) -> None:
    """A conditional request tells of the session's own chat only, and answers of one viewer are kept by nobody."""
    api.add("ours")
    etag = api.call("GET", "notes/changes/").headers["ETag"]
    other = opens.api(frame_data(opens.widget("alpha", PRIYA, "7"))["session"])
    response = other.client.get(
        "/api/v1/notes/changes/",
        headers={"Authorization": f"Bearer {other.session}", "If-None-Match": etag},
    )
    assert response.status_code == 200
    assert response.json()["results"] == []
    for each in (response, api.call("GET", "notes/"), api.call("GET", f"notes/{10**9}/")):
        assert each.headers["Cache-Control"] == "no-store"


def test_export_as_another_administrator_or_portal(opens: Opens, api: Api, beta: Portal) -> None:
    """The export asks the portal with the token that is sent: it must be an administrator's of that portal."""
    api.add("ours")
    page = frame_data(opens.application("alpha", ADMIN))
    for key, user in (("alpha", PRIYA), ("beta", ADMIN)):
        token = opens.emulator.control.tokens(key, user)["access_token"]
        response = opens.client.post(
            page["export"], {"access_token": token}, content_type="application/json",
            headers={"Authorization": f"Bearer {page['session']}"},
        )  # fmt: skip
        assert response.status_code in (401, 403)
        assert "ours" not in response.content.decode()


def state() -> Any:
    """All content there is."""
    return list(Note.objects.order_by("pk").values()), list(NoteRevision.objects.order_by("pk").values())


def test_chat_is_named_by_the_session_alone(api: Api, opens: Opens) -> None:
    """No parameter, header or body names another chat."""
    opens.api(frame_data(opens.widget("alpha", PRIYA, "7"))["session"]).add("private")
    response = api.client.get(
        f"/api/v1/notes/?chat=1&chat_id=1&dialog_id=7&dialogId=7&portal=1&session={CHAT}",
        headers={
            "Authorization": f"Bearer {api.session}",
            "X-Chat": "1",
            "X-Original-URL": "/api/v1/notes/7/",
        },
    )
    assert response.json()["results"] == []
