"""The one way out: which addresses it calls, what it bounds, what it keeps to itself."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from portals.bitrix24.errors import (
    AddressRefused,
    BadAnswer,
    DeadlineExceeded,
    PortalMoved,
    TokenExpired,
    Unreachable,
)
from portals.bitrix24.transport import CallRecord, Transport
from tests.portals.bitrix24.conftest import LOOPBACK
from tests.portals.bitrix24.scripted import ScriptedServer, answer, read_request, scripted

FORM = [("auth", "s3cr3t-token")]


def post(transport: Transport, url: str, deadline: float = 5) -> object:
    return transport.post(url, form=FORM, deadline=deadline, method="profile").body["result"]


@pytest.fixture
def good() -> Iterator[ScriptedServer]:
    """Keeps connections alive and answers everything; remembers what it received."""

    def script(connection: socket.socket) -> None:
        while request := read_request(connection):
            server.received.append(request)
            connection.sendall(answer("200 OK", b'{"result":true}', "Set-Cookie: PHPSESSID=1; Path=/"))

    with scripted(script) as server:
        yield server


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Name service: host name -> the addresses of successive look-ups."""
    names: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host in names:
            found = names[host]
            host = found.pop(0) if len(found) > 1 else found[0]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


# --- addresses ---------------------------------------------------------------------------------------------


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_of_a_private_address_is_refused(resolve: dict[str, list[str]], address):
    resolve["portal.example.com"] = [address]
    with pytest.raises(AddressRefused):
        post(Transport(), "https://portal.example.com/rest/profile")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_itself_is_refused(address):
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(AddressRefused):
        post(Transport(), f"https://{host}/rest/profile")


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::1", "192.168.1.1"])
def test_trust_in_one_network_is_not_trust_in_another(resolve: dict[str, list[str]], address):
    resolve["portal.example.com"] = [address]
    with pytest.raises(AddressRefused):
        post(Transport(trusted_networks=[LOOPBACK]), "https://portal.example.com/rest/profile")


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "017700000001", "user@127.0.0.1"]
)
def test_an_address_in_disguise_is_refused_even_where_it_is_trusted(good: ScriptedServer, host):
    transport = Transport(trusted_networks=[LOOPBACK])
    with pytest.raises(AddressRefused):
        post(transport, f"http://{host}:{good.port}/")
    assert good.connections == 0


@pytest.mark.parametrize(
    "url", ["", "profile", "//a.example.com/", "file:///etc/passwd", "ftp://a.example.com/"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(AddressRefused):
        post(Transport(), url)


def test_plain_http_needs_a_trusted_network(good: ScriptedServer):
    for transport in (Transport(), Transport(trusted_networks=["10.0.0.0/8"])):
        with pytest.raises(AddressRefused):
            post(transport, good.url)
    with pytest.raises(AddressRefused):
        post(Transport(), "http://93.184.215.14/rest/profile")
    assert good.connections == 0
    assert post(Transport(trusted_networks=[LOOPBACK]), good.url) is True


def test_a_name_in_a_trusted_network_is_called_under_its_name(
    good: ScriptedServer, resolve: dict[str, list[str]]
):
    resolve["intranet.example.com"] = ["127.0.0.1"]
    assert post(Transport(trusted_networks=[LOOPBACK]), f"http://intranet.example.com:{good.port}/x") is True
    assert f"\r\nHost: intranet.example.com:{good.port}\r\n".encode() in good.received[0]


def test_the_connection_goes_to_the_checked_address(good: ScriptedServer, resolve: dict[str, list[str]]):
    resolve["rebinding.example.com"] = ["127.0.0.1", "127.0.0.2"]
    transport = Transport(trusted_networks=["127.0.0.1/32"])
    assert post(transport, f"http://rebinding.example.com:{good.port}/") is True
    with pytest.raises(AddressRefused):
        post(transport, f"http://rebinding.example.com:{good.port}/")
    assert good.connections == 1


def test_a_mapped_address_is_judged_as_what_it_maps_to(good: ScriptedServer):
    assert post(Transport(trusted_networks=[LOOPBACK]), f"http://[::ffff:127.0.0.1]:{good.port}/") is True


def test_an_unknown_name_is_unreachable(monkeypatch: pytest.MonkeyPatch):
    def getaddrinfo(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for transport in (Transport(), Transport(trusted_networks=[LOOPBACK])):
        with pytest.raises(Unreachable) as caught:
            post(transport, "https://gone.example.com/")
        assert not isinstance(caught.value, DeadlineExceeded)


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        post(Transport(trusted_networks=[LOOPBACK]), f"http://127.0.0.1:{port}/")


def test_proxies_of_the_environment_are_not_used(good: ScriptedServer, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(Transport(trusted_networks=[LOOPBACK]), good.url) is True


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


def test_the_deadline_counts_on_a_kept_connection_too(transport: Transport):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer())
        read_request(connection)
        _dripping(b"HTTP/1.1 200 OK\r\nX-Header: ")(connection)

    with scripted(script) as server:
        assert post(transport, server.url) is True
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            post(transport, server.url, deadline=0.6)
        assert time.monotonic() - started < 1.5
        assert server.connections == 1


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
