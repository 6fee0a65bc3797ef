"""An authorization server that says what a test wants: the emulated one never disagrees with its portals."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from portals.models import Portal
from tests.portals.bitrix24.scripted import answer, read_request, scripted


@contextmanager
def confirming(
    portal: Portal, client_endpoint: str, *, user_id: int = 1, installed: bool = True
) -> Iterator[str]:
    """Renews every token and calls it this portal's and this person's; yields the server's origin."""
    pair = {
        "access_token": "new",
        "refresh_token": "newer",
        "expires_in": 3600,
        "member_id": portal.member_id,
    }
    install = {"installed": installed, "member_id": portal.member_id, "client_endpoint": client_endpoint}
    info = {
        "client_id": settings.BITRIX24_CLIENT_ID,
        "user_id": user_id,
        "expires": "2099-01-01",
        "install": install,
    }

    def script(connection: Any) -> None:
        while request := read_request(connection):
            body = pair if b"/oauth/token" in request.split(b"\r\n")[0] else {"result": info}
            connection.sendall(answer("200 OK", json.dumps(body).encode()))

    with scripted(script) as server:
        yield server.url.rstrip("/")
