"""Every address takes anything without a server error: forms of Bitrix24, and the API by its own schema."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.core.cache import cache
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.core import NOT_SET

from portals.models import Portal
from tests.fuzzing.cases import CASES, HTTP, PARSERS, counted, fuzzed
from tests.fuzzing.strategies import json_values, mutated, texts
from tests.fuzzing.test_parsers import BODY, EVENT, QUERY
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db
PATHS = ["/widget/", "/app/", "/install/"]


def test_there_are_twenty_thousand_cases() -> None:
    assert sum(CASES.values()) >= 20_000
    assert set(PARSERS).isdisjoint(HTTP)


@pytest.fixture
def form(opens: Opens, installed: Callable[..., Portal]) -> dict[str, str]:
    """What a real open posts."""
    installed()
    fields: dict[str, str] = opens.form("alpha", 3, "chat22")["fields"]
    return fields


@fuzzed("frames")
@given(st.sampled_from(PATHS), mutated(QUERY, texts), st.data())
def test_frames(
    client: Client, form: dict[str, str], path: str, query: dict[str, str], data: st.DataObject
) -> None:
    with counted("frames"):
        body = data.draw(mutated(data.draw(st.sampled_from([form, BODY])), texts))
        response = client.post(path, encodable(body), query_params=encodable(query))
        assert response.status_code < 500 or "reason" in response.context


@fuzzed("events")
@given(mutated(EVENT, texts))
def test_events(client: Client, form: dict[str, str], body: dict[str, str]) -> None:
    with counted("events"):
        fields = encodable(body)
        if body.get("auth[member_id]") == EVENT["auth[member_id]"]:
            fields["auth[member_id]"] = form["member_id"]
        content_type = "application/x-www-form-urlencoded"
        response = client.post("/events/", urlencode(fields), content_type=content_type)
        assert response.status_code < 500 or response.json() == {"error": "inbox_full"}


@fuzzed("application")
@given(st.sampled_from(["settings", "erase"]), json_values)
def test_application(client: Client, opens: Opens, form: dict[str, str], name: str, body: Any) -> None:
    with counted("application"):
        session = _application_session(opens)
        response = client.post(
            f"/app/{name}/", json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {session}"},
        )  # fmt: skip
        assert response.status_code < 500


def _application_session(opens: Opens) -> str:
    from portals.incoming.sessions import ApplicationSession  # noqa: PLC0415

    portal = Portal.objects.get(member_id=opens.emulator.portals["alpha"].member_id)
    return ApplicationSession.of(portal, 1).sign()


@pytest.fixture
def bearer(opens: Opens, form: dict[str, str]) -> str:
    """Priya's session in chat 22, whose notebook has a note with a box."""
    session = str(frame_data(opens.widget("alpha", 3, "chat22"))["session"])
    opens.api(session).add("- [ ] a box")
    return session


def test_the_api_by_its_schema(client: Client, bearer: str) -> None:
    """Every operation gets its share of the cases."""
    schema = schemathesis.openapi.from_dict(client.get("/api/schema/?format=json").json())
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 10
    for operation in operations:

        @fuzzed("schema", share=len(operations))
        @given(operation.as_strategy())
        def attack(case: Any) -> None:
            with counted("schema"):
                cache.clear()  # limits of how often are no part of this
                _aim(case)
                response = _send(client, case, bearer)
                assert response.status_code < 500, response.content
                # Nothing is answered that the schema does not say.
                assert str(response.status_code) in case.operation.definition.raw["responses"], (
                    response.content
                )

        attack()


def _send(client: Client, case: Any, bearer: str) -> Any:
    headers = {name: clean(str(value)) for name, value in (case.headers or {}).items()}
    return client.generic(
        case.method,
        case.formatted_path,
        b"" if case.body is NOT_SET else json.dumps(case.body).encode(),
        case.media_type or "application/json",
        headers=headers | {"Authorization": f"Bearer {bearer}"},
        query_params={name: clean(str(value)) for name, value in (case.query or {}).items()},
    )


def _aim(case: Any) -> None:
    """Every second number of a note is that of the note which is there."""
    from widget.models import Note  # noqa: PLC0415

    note = Note.objects.order_by("pk").first()
    parameters = case.path_parameters or {}
    if note and isinstance(parameters.get("note_id"), int) and parameters["note_id"] % 2 == 0:
        parameters["note_id"] = note.pk


def encodable(fields: dict[str, str]) -> dict[str, str]:
    """A form as a client could send it: lone surrogates have no bytes."""
    return {clean(name): clean(value) for name, value in fields.items()}


def clean(text: str) -> str:
    return text.encode(errors="replace").decode()
