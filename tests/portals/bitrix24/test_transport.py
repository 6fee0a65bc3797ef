"""The one way out: what it bounds, what it keeps to itself."""

import logging
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from portals.bitrix24.errors import (
    AddressRefused,
    AnswerTooLarge,
    BadAnswer,
    DeadlineExceeded,
    PortalMoved,
    TokenExpired,
    Unreachable,
)
from portals.bitrix24.transport import _LARGE, CallRecord, Transport
from tests.portals.bitrix24.conftest import LOOPBACK
from tests.portals.bitrix24.scripted import FORM, ScriptedServer, answer, post, read_request, scripted

# --- redirects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_a_redirect_is_told_and_not_followed(good: ScriptedServer, transport: Transport, status):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer(status, b"", f"Location: {good.url}rest/profile"))

    with scripted(script) as old, pytest.raises(PortalMoved) as caught:
        post(transport, old.url)
    assert caught.value.new_host == f"127.0.0.1:{good.port}"
    assert good.connections == 0


def test_the_body_of_a_redirect_is_bounded_too(transport: Transport):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://new.example.com/\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with scripted(script) as server, pytest.raises(BadAnswer, match="answer_too_large"):
        post(transport, server.url)


# --- bounds ------------------------------------------------------------------------------------------------


def test_a_large_answer_is_cut_off():
    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer("200 OK", b'{"result":"' + b"x" * size + b'"}'))

    transport = Transport(trusted_networks=[LOOPBACK], max_bytes=1000)
    with scripted(script) as server:
        size = 900
        assert post(transport, server.url) == "x" * 900
        size = 1000
        with pytest.raises(BadAnswer, match="answer_too_large"):
            post(transport, server.url)
        with pytest.raises(AnswerTooLarge):  # who names a size reckons with a larger answer
            transport.post(server.url, form=FORM, deadline=5, method="profile", max_bytes=950)


def test_few_large_answers_are_read_at_once():
    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer("200 OK", b'{"result":"' + b"x" * size + b'"}'))

    transport = Transport(trusted_networks=[LOOPBACK], max_bytes=1000)
    large: dict[str, Any] = {"form": FORM, "method": "profile", "max_bytes": 5000}
    with scripted(script) as server, ThreadPoolExecutor(4) as pool:
        size = 3000
        places = [pool.submit(_LARGE.acquire).result() for _ in range(4)]
        with pytest.raises(DeadlineExceeded):
            transport.post(server.url, deadline=0.3, **large)
        size = 900
        assert post(transport, server.url) == "x" * 900
        size = 3000
        for _ in places:
            _LARGE.release()
        assert transport.post(server.url, deadline=5, **large).body["result"] == "x" * 3000


def _silent(connection: socket.socket) -> None:
    read_request(connection)
    threading.Event().wait(5)


def _dripping(start: bytes):
    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)

    return script


@pytest.mark.parametrize(
    ("script", "scheme"),
    [
        (_silent, "http"),
        (_dripping(b"HTTP/1.1 200 OK\r\nX-Header: "), "http"),
        (_dripping(b"HTTP/1.1 200 OK\r\n\r\n"), "http"),
        (_dripping(b'HTTP/1.1 200 OK\r\n\r\n{"result": true} '), "http"),
        (_dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), "http"),
        (_dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"), "https"),
    ],
    ids=["silence", "headers", "body", "body after complete JSON", "counted body", "TLS handshake"],
)
def test_the_deadline_ends_everything(transport: Transport, script, scheme):
    with scripted(script) as server:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            post(transport, f"{scheme}://127.0.0.1:{server.port}/", deadline=0.6)
        assert time.monotonic() - started < 1.5


def _answering_once(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(answer())
    read_request(connection)
    _dripping(b"HTTP/1.1 200 OK\r\nX-Header: ")(connection)


def test_the_deadline_counts_on_a_kept_connection_too(transport: Transport):
    with scripted(_answering_once) as server:
        assert post(transport, server.url) is True
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            post(transport, server.url, deadline=0.6)
        assert time.monotonic() - started < 1.5
        assert server.connections == 1


@pytest.mark.parametrize("deadline", [0, -1.5])
def test_no_time_left_is_no_call(good: ScriptedServer, transport: Transport, deadline):
    with pytest.raises(DeadlineExceeded):
        post(transport, good.url, deadline)
    assert good.connections == 0


def test_a_broken_answer_is_unreachable(transport: Transport):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with scripted(script) as server, pytest.raises(Unreachable):
        post(transport, server.url)


def test_a_request_is_sent_once(transport: Transport):
    def script(connection: socket.socket) -> None:
        server.received.append(read_request(connection))

    with scripted(script) as server:
        with pytest.raises(Unreachable):
            post(transport, server.url)
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "noise", [b"\x00\xff garbage\r\n\r\n", b"HTTP/9.9 abc\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n"]
)
def test_what_is_not_http_is_typed(transport: Transport, noise):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(noise)

    with scripted(script) as server, pytest.raises((Unreachable, BadAnswer)):
        post(transport, server.url)


# --- keep-alive --------------------------------------------------------------------------------------------


def test_one_connection_serves_many_calls(good: ScriptedServer, transport: Transport):
    for _ in range(20):
        post(transport, good.url)
    assert (len(good.received), good.connections) == (20, 1)


def test_threads_share_the_connections(good: ScriptedServer, transport: Transport):
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: post(transport, good.url), range(60)))
    assert len(good.received) == 60
    assert good.connections <= 4


def test_error_answers_keep_the_connection(transport: Transport):
    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer("401 Unauthorized", b'{"error":"expired_token"}'))

    with scripted(script) as server:
        for _ in range(5):
            with pytest.raises(TokenExpired):
                post(transport, server.url)
        assert server.connections == 1


def test_a_connection_the_server_closed_is_replaced(transport: Transport):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer("200 OK", b'{"result":true}'))

    with scripted(script) as server:
        for _ in range(3):
            assert post(transport, server.url) is True
            time.sleep(0.05)
        assert server.connections == 3


def test_a_forked_worker_opens_its_own_connections(good: ScriptedServer, transport: Transport):
    post(transport, good.url)
    child = os.fork()
    if child == 0:
        os._exit(0 if post(transport, good.url) is True else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert post(transport, good.url) is True
    assert good.connections == 2


# --- what it tells, what it keeps --------------------------------------------------------------------------


def test_cookies_are_not_kept(good: ScriptedServer, transport: Transport):
    post(transport, good.url)
    post(transport, good.url)
    assert b"cookie" not in good.received[1].lower()


def test_every_call_is_recorded(good: ScriptedServer, transport: Transport, records: list[CallRecord]):
    post(transport, good.url)
    with pytest.raises(AddressRefused):
        post(transport, "http://10.0.0.1/")
    with pytest.raises(AddressRefused):
        post(transport, "nonsense")
    assert [(record.host, record.method, record.http_status, record.error_code) for record in records] == [
        (f"127.0.0.1:{good.port}", "profile", 200, None),
        ("10.0.0.1", "profile", None, "http_refused"),
        ("", "profile", None, "url_refused"),
    ]
    assert all(0 <= record.duration < 5 for record in records)


def test_the_time_budget_is_recorded(records: list[CallRecord], transport: Transport):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        body = b'{"result":1,"time":{"operating":3.5,"operating_reset_at":1790000000}}'
        connection.sendall(answer("200 OK", body))

    with scripted(script) as server:
        post(transport, server.url)
    assert (records[0].operating, records[0].operating_reset_at) == (3.5, 1790000000.0)


def test_no_secret_in_logs_records_and_errors(
    good: ScriptedServer,
    transport: Transport,
    records: list[CallRecord],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    post(transport, good.url)
    with pytest.raises(Unreachable) as caught:
        post(transport, "http://127.0.0.1:9/rest/profile")
    chain: list[BaseException] = [caught.value]
    while following := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(following)
    shown = [caplog.text, repr(records), *(repr(vars(error)) + repr(error) for error in chain)]
    assert len(chain) == 1
    assert not any("s3cr3t" in text for text in shown)
    assert b"auth=s3cr3t-token" in good.received[0]
