"""One emulator process for the folder, back to the demo world before every test."""

from collections.abc import Iterator

import pytest

from tests.emulator.client import Client
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
