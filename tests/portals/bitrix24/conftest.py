"""One emulated Bitrix24 for all tests of the protocol, put back to the demo world before each."""

import socket
from collections.abc import Iterator

import pytest

from portals.bitrix24.oauth import AuthorizationServer
from portals.bitrix24.rest import RestClient
from portals.bitrix24.transport import CallRecord, Transport
from tests.portals.bitrix24.scripted import ScriptedServer, answer, read_request, scripted
from tests.support.emulator import Emulator

LOOPBACK = "127.0.0.0/8"
ADMIN = 1
EMPLOYEE = 4


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_process: Emulator) -> Emulator:
    emulator_process.reset()
    return emulator_process


@pytest.fixture
def records() -> list[CallRecord]:
    """What the transport reported."""
    return []


@pytest.fixture
def transport(records: list[CallRecord]) -> Transport:
    return Transport(trusted_networks=[LOOPBACK], on_call=records.append)


@pytest.fixture
def server(emulator: Emulator, transport: Transport) -> AuthorizationServer:
    return AuthorizationServer(emulator.oauth_url, emulator.client_id, emulator.client_secret, transport)


@pytest.fixture
def installed(emulator: Emulator) -> Emulator:
    """The application is installed on portal alpha."""
    emulator.control.install("alpha", ADMIN)
    emulator.control.install_finish("alpha", ADMIN)
    return emulator


@pytest.fixture
def client(installed: Emulator, transport: Transport) -> RestClient:
    """An administrator's client of portal alpha."""
    return client_of(installed, transport, ADMIN)


def client_of(emulator: Emulator, transport: Transport, user_id: int) -> RestClient:
    token = emulator.control.tokens("alpha", user_id)["access_token"]
    return RestClient(emulator.portals["alpha"].client_endpoint, token, transport)


@pytest.fixture
def good() -> Iterator[ScriptedServer]:
    """Keeps connections alive and answers everything; remembers what it received."""

    def script(connection: socket.socket) -> None:
        while request := read_request(connection):
            scripted_server.received.append(request)
            connection.sendall(answer("200 OK", b'{"result":true}', "Set-Cookie: PHPSESSID=1; Path=/"))

    with scripted(script) as scripted_server:
        yield scripted_server
