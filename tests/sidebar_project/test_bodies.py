"""UTF-8 alone gets through."""

from typing import Any

import pytest

from sidebar_project.bodies import utf8_only


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", "200 OK"),
        ("application/json", "200 OK"),
        ("application/json; charset=UTF-8", "200 OK"),
        ('text/plain; charset="utf8"', "200 OK"),
        ("text/plain; charset=latin-1", "415 Unsupported Media Type"),
        ("text/plain; charset=zlib", "415 Unsupported Media Type"),
        ("text/plain; charset=a\0b", "415 Unsupported Media Type"),
    ],
)
def test_encodings(content_type: str, status: str) -> None:
    said: list[str] = []

    def start_response(line: str, _headers: Any, _error: Any = None) -> Any:
        said.append(line)

    def application(_environ: Any, respond: Any) -> list[bytes]:
        respond("200 OK", [])
        return []

    list(utf8_only(application)({"CONTENT_TYPE": content_type}, start_response))
    assert said == [status]
