"""Attacks on the server itself, as the Procfile starts it: raw bytes on its port."""

import socket
from collections.abc import Iterator

import pytest
import requests

from tests.support.browser import Application, free_port
from tests.support.emulator import Emulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
SLOW = 40


@pytest.fixture
def server(emulator: Emulator, transactional_db: None) -> Iterator[Application]:
    from django.db import connection  # noqa: PLC0415

    database = str(connection.settings_dict["NAME"])
    with Application(free_port(), database=database, oauth_url=emulator.oauth_url) as application:
        yield application


def say(server: Application, data: bytes, *, seconds: float = 5) -> bytes:
    """Send bytes; everything that comes back until the server has nothing to add."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(data)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except TimeoutError:
            pass
        return received


def answers(received: bytes) -> int:
    return received.count(b"HTTP/1.1 ")


def test_request_smuggling_by_two_sizes(server: Application) -> None:
    """What two servers in a row might cut differently is refused, or cut in one way and the connection closed."""
    inner = b"GET /healthz?smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"POST /events/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for sizes in (
        b"Content-Length: 4\r\nContent-Length: 40\r\n",
        b"Content-Length: 4, 40\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length: 0x4\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
    ):
        received = say(server, head + sizes + b"\r\n0\r\n\r\n" + inner, seconds=1)
        assert b" 200 " not in received, (sizes, received)
    both = say(
        server, head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner, seconds=1
    )
    assert b" 200 OK" not in both.split(b"\r\n")[0]
    assert answers(both) <= 2


def test_request_smuggling_by_line_ends(server: Application) -> None:
    for data in (
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rHost: evil\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX : a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n X: folded\r\n\r\n",
        b"GET /healthz\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /health z HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ):
        assert b" 200 " not in say(server, data, seconds=1), data


def test_headers_without_end(server: Application) -> None:
    data = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: " + b"a" * 2_000_000 + b"\r\n\r\n"
    try:
        received = say(server, data, seconds=3)
    except OSError:
        received = b""
    assert b" 200 " not in received
    assert requests.get(f"{server.url}/healthz", timeout=10).ok


def test_slow_bodies(server: Application) -> None:
    """A body that trickles keeps its thread; whoever gives up, or is cut off by the proxy in front, frees it."""
    head = b"POST /events/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(SLOW)]
    for connection in slow:
        connection.sendall(head + b"Content-Length: 1000\r\n\r\na")
    for connection in slow:
        connection.close()
    assert requests.get(f"{server.url}/healthz", timeout=30).ok
    assert requests.post(f"{server.url}/events/", data={"ts": "1"}, timeout=30).status_code == 400


def test_slow_headers(server: Application) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(SLOW)]
    try:
        for connection in slow:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-")
        assert requests.get(f"{server.url}/healthz", timeout=10).ok
    finally:
        for connection in slow:
            connection.close()


def test_bodies_that_are_cut(server: Application) -> None:
    """Who leaves in the middle of a body costs no error page and no thread."""
    for path in ("/install/", "/events/", "/api/v1/session/", "/app/erase/"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            connection.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n{")
    assert requests.get(f"{server.url}/readyz", timeout=10).ok


def test_body_far_beyond_the_limit(server: Application) -> None:
    """Refused by its size, not after it has been taken in."""
    data = b"POST /events/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    received = say(server, data + b"Content-Length: 300000\r\n\r\n" + b"a" * 300_000, seconds=5)
    assert received.startswith(b"HTTP/1.1 413 ")
