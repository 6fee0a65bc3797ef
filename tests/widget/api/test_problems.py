"""Every error below /api/v1/ is a problem detail (RFC 9457) with a stable code."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portals.models import Portal
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db

PRIYA = 3


@pytest.fixture
def session(opens: Opens, installed: Callable[..., Portal]) -> str:
    installed()
    found: str = frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"]
    return found


@pytest.mark.parametrize(
    ("call", "body", "status", "code"),
    [
        ("GET nowhere/", b"", 404, "not_found"),
        ("GET notes/x/", b"", 404, "not_found"),
        ("PUT notes/", b"{}", 405, "method_not_allowed"),
        ("POST notes/", b"text=a", 415, "unsupported_media_type"),
        ("POST notes/", b"{", 400, "parse_error"),
        ("POST notes/", b"\xff\xfe", 400, "parse_error"),
        ("POST notes/", b"[" * 50_000, 400, "parse_error"),
        ("POST notes/", b"{}", 400, "invalid"),
        ("GET notes/?before=x", b"", 400, "invalid"),
        ("GET notes/?before=99999999999999999999", b"", 400, "invalid"),
        ("GET notes/999999999/", b"", 404, "note_gone"),
        ("GET notes/99999999999999999999999/", b"", 404, "note_gone"),
        ("GET notes/1/history/99999999999999999999999/", b"", 404, "note_gone"),
        ("POST session/", b"{}", 400, "invalid"),
    ],
)
def test_with_a_session(
    client: Client, session: str, call: str, *, body: bytes, status: int, code: str
) -> None:
    http, _, path = call.partition(" ")
    kind = "application/x-www-form-urlencoded" if b"=" in body else "application/json"
    answer = client.generic(
        http, f"/api/v1/{path}", body, content_type=kind, headers={"Authorization": f"Bearer {session}"}
    )
    assert_problem(answer, status, code)


@pytest.mark.parametrize(
    ("header", "code"),
    [("", "not_authenticated"), ("Bearer x", "session_invalid"), ("Bearer", "session_invalid")],
)
def test_without_one(client: Client, header: str, code: str) -> None:
    assert_problem(client.get("/api/v1/notes/", headers={"Authorization": header}), 401, code)


def assert_problem(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"]
