"""Fixtures of all tests: the emulated Bitrix24, a clean cache, an installed portal."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from portals.infrastructure.call_log import CALLS
from portals.infrastructure.daily_counts import COUNTED
from portals.infrastructure.shared import absence
from portals.models import Portal
from sidebar_project import messages
from tests.support.clocks import Clocks, moving
from tests.support.emulator import Emulator
from tests.support.events import Events
from tests.support.opens import Opens
from widget.pages import kept_pages


def pytest_configure(config: pytest.Config) -> None:
    """Compile the translations before the first one is read; test workers find them compiled."""
    if not hasattr(config, "workerinput"):
        messages.compile_changed()


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_process: Emulator, settings: Any) -> Emulator:
    """A fresh world; the application is pointed at its authorization servers."""
    emulator_process.reset()
    settings.BITRIX24_OAUTH_URL = emulator_process.oauth_urls
    return emulator_process


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    absence.cache_clear()
    for alias in caches:
        caches[alias].clear()
    kept_pages.forget()
    CALLS.clear()
    COUNTED.clear()


@pytest.fixture
def opens(emulator: Emulator, db: None) -> Opens:
    """Opens our pages as Bitrix24's browser side would, through Django's test client."""
    return Opens(emulator, Client())


@pytest.fixture
def installed(opens: Opens) -> Callable[..., Portal]:
    """Install on a portal and finish, as its administrator would."""

    def install(key: str = "alpha") -> Portal:
        response = opens.install(key)
        assert response.status_code == 200, response.content
        opens.emulator.control.install_finish(key, user_id=1)
        return Portal.objects.get(member_id=opens.emulator.portals[key].member_id)

    return install


@pytest.fixture
def clocks(emulator: Emulator) -> Iterator[Clocks]:
    """Our clock and Bitrix24's, to be moved together."""
    with moving(emulator) as clocks:
        yield clocks


@pytest.fixture
def events(opens: Opens) -> Events:
    """Events of the emulator and our inbox."""
    return Events(opens.emulator, opens.client)
