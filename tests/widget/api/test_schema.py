"""The OpenAPI schema tells the truth: what the API really answers, successes and refusals, is what it documents."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.test import Client

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data

pytestmark = pytest.mark.django_db

PRIYA, MEI = 3, 7
EDIT = {"text": "edited", "version": 1}
KEY = {"Idempotency-Key": "7c0e2a52-8f5e-4a3e-9d8b-0c8f6d1f4b10"}
# What is asked, in this order, of a chat with one note `{id}`; the status that must come of it.
CALLS: list[tuple[int, str, Any]] = [
    (200, "GET notes/", None),
    (400, "GET notes/?before=x", None),
    (201, "POST notes/", {"text": "more"}),
    (422, "POST notes/", {"text": "other words under the same key"}),
    (400, "POST notes/", {"text": ""}),
    (400, "POST notes/", []),
    (200, "GET notes/{id}/", None),
    (404, "GET notes/999999/", None),
    (200, "PUT notes/{id}/boxes/0/", {"checked": True, "version": 1}),
    (400, "PUT notes/{id}/boxes/0/", {}),
    (404, "PUT notes/{id}/boxes/7/", {"checked": True, "version": 2}),
    (200, "PATCH notes/{id}/", {"text": "- [x] edited", "version": 2}),
    (409, "PATCH notes/{id}/", EDIT),
    (409, "PATCH notes/{id}/", {**EDIT, "version": 99}),
    (404, "PATCH notes/999999/", EDIT),
    (409, "PUT notes/{id}/boxes/0/", {"checked": False, "version": 1}),
    (200, "PUT notes/{id}/pin/", None),
    (200, "DELETE notes/{id}/pin/", None),
    (200, "GET notes/{id}/history/", None),
    (200, "GET notes/{id}/history/1/", None),
    (404, "GET notes/{id}/history/99/", None),
    (200, "POST notes/preview/", {"text": "a"}),
    (200, "GET notes/changes/", None),
    (409, "DELETE notes/{id}/?version=1", None),
    (400, "DELETE notes/{id}/", None),
    (204, "DELETE notes/{id}/?version=3", None),
    (200, "GET notes/deleted/", None),
    (400, "GET notes/deleted/?before=x", None),
    (200, "POST notes/{id}/restore/", None),
    (404, "POST notes/999999/restore/", None),
    (400, "POST session/", {}),
    (201, "POST templates/", {"title": "Load-in", "text": "- [ ] truck"}),
    (400, "POST templates/", {"title": "Load-in"}),
    (200, "GET templates/", None),
    (404, "DELETE templates/999999/", None),
    (204, "DELETE notes/here/abcdef01/", None),
    (400, "DELETE notes/here/nobody/", None),
]


class Documented:
    """The schema, and whether an answer is one that it describes."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def check(self, http: str, path: str, answer: Any) -> None:
        """Fails the test for a status, content type, header or body that is not documented."""
        operation = self.schema["paths"]["/api/v1/" + path][http.lower()]
        assert str(answer.status_code) in operation["responses"], (http, path)
        described = operation["responses"][str(answer.status_code)]
        for name in described.get("headers", {}):
            assert name in answer.headers
        if not answer.content:
            assert "content" not in described
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        shape = described["content"][kind]["schema"]
        jsonschema.validate(
            answer.json(), {**_strict(shape), "components": _strict(self.schema["components"])}
        )


def _strict(part: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema has it."""
    if isinstance(part, list):
        return [_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    changed = {name: _strict(value) for name, value in part.items() if name != "nullable"}
    return {"anyOf": [changed, {"type": "null"}]} if part.get("nullable") is True else changed


@pytest.fixture
def documented(client: Client) -> Documented:
    return Documented(client.get("/api/schema/?format=json").json())


@pytest.fixture
def api(opens: Opens, installed: Callable[..., Portal]) -> Api:
    installed()
    return opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])


def test_every_answer_is_documented(api: Api, documented: Documented) -> None:
    note = api.add("- [ ] a")
    for status, call, body in CALLS:
        http, _, path = call.partition(" ")
        keyed = KEY if status in (201, 422) else {}
        answer = api.call(http, path.format(**note), body, **keyed)
        assert answer.status_code == status, (call, answer.content)
        path = path.replace("templates/999999", "templates/{template_id}")
        template = path.partition("?")[0].replace("{id}", "{note_id}").replace("999999", "{note_id}")
        for number, name in (("boxes/0", "boxes/{box}"), ("boxes/7", "boxes/{box}"),
                             ("history/1", "history/{version}"), ("history/99", "history/{version}"),
                             ("here/abcdef01", "here/{page}"), ("here/nobody", "here/{page}")):  # fmt: skip
            template = template.replace(number, name)
        documented.check(http, template, answer)


def test_every_refusal_of_a_viewer_is_documented(api: Api, documented: Documented) -> None:
    reader = Api(api.client, "x")
    for path, operations in documented.schema["paths"].items():
        for http, operation in operations.items():
            if {"widgetSession": []} in operation.get("security", []):
                named = path.format(note_id=1, box=0, version=1, page="abcdef01", template_id=1).removeprefix(
                    "/api/v1/"
                )
                answer = reader.call(http.upper(), named)
                assert answer.status_code == 401
                documented.check(http, path.removeprefix("/api/v1/"), answer)
                assert {"429", "503"} <= set(operation["responses"])
                assert "403" in operation["responses"] or http in ("get", "post") or "/here/" in path
