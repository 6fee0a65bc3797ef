"""One emulator process for the folder, back to the demo world before every test."""

from collections.abc import Iterator

import pytest
from b24pysdk import BitrixApp, BitrixToken

from tests.emulator.client import HELENA, Client
from tests.emulator.sdk import lead_to, token_of
from tests.support.emulator import Emulator
from tests.support.receiver import Receiver


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_process: Emulator) -> Emulator:
    emulator_process.reset()
    return emulator_process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def alpha(emulator: Emulator) -> Client:
    """Portal alpha with Chat Notebook installed and finished."""
    return Client.installed(emulator, "alpha")


@pytest.fixture
def beta(emulator: Emulator) -> Client:
    """Portal beta (older generation), the same."""
    return Client.installed(emulator, "beta")


@pytest.fixture
def sdk_wire(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of the official Python SDK reach the emulator."""
    lead_to(emulator, monkeypatch)


@pytest.fixture
def sdk_app(emulator: Emulator) -> BitrixApp:
    return BitrixApp(client_id=emulator.client_id, client_secret=emulator.client_secret)


@pytest.fixture
def sdk_token(alpha: Client, sdk_app: BitrixApp) -> BitrixToken:
    """Helena's token on alpha."""
    return token_of(alpha, sdk_app, HELENA)
