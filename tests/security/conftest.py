"""The usual scene of an attack: portal alpha has installed us, Priya opens chat 22, and somebody means harm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client

from portals.models import Portal
from portals.outgoing import addresses
from tests.portals.bitrix24.scripted import Script, ScriptedServer, scripted
from tests.support.opens import Api, Opens, frame_data

Install = Callable[..., Portal]
ADMIN, PRIYA, TOMAS, LUCIA, MEI, GUEST = 1, 3, 4, 5, 7, 8
CHAT = "chat22"  # members 1, 3, 4, 7
PUBLIC_ADDRESS = "93.184.215.14"
HANDLER = "http://127.0.0.1:8000/widget/"


@pytest.fixture
def alpha(installed: Install) -> Portal:
    """The portal that is attacked."""
    return installed("alpha")


@pytest.fixture
def beta(installed: Install) -> Portal:
    """Another portal, the attacker's own."""
    return installed("beta")


@pytest.fixture
def api(alpha: Portal, opens: Opens) -> Api:
    """Priya's session in chat 22."""
    return opens.api(frame_data(opens.widget("alpha", PRIYA, CHAT))["session"])


@pytest.fixture
def stranger() -> Client:
    """Somebody on the internet, from an address of their own."""
    return Client(REMOTE_ADDR=PUBLIC_ADDRESS)


@pytest.fixture
def attacker() -> Iterator[ScriptedServer]:
    """A server of the attacker's, which answers everything and hopes to be called."""
    with scripted(lambda connection: None) as server:
        yield server


@contextmanager
def hostile(portal: Portal, script: Script) -> Iterator[ScriptedServer]:
    """The portal's own server turns hostile: it answers what ``script`` says."""
    with scripted(script) as server:
        Portal.objects.filter(pk=portal.pk).update(client_endpoint=f"{server.url}rest/")
        portal.refresh_from_db(fields=["client_endpoint"])
        addresses.named(portal)
        yield server
        assert server.connections, "nobody called it"


def reason(response: Any) -> tuple[int, str]:
    """Status and reason code of a refusal's page."""
    return response.status_code, response.context["reason"]


def unharmed(portal: Portal) -> None:
    """Nothing of a portal has changed."""
    current = Portal.objects.get(pk=portal.pk)
    for name in (
        "status",
        "application_token",
        "client_endpoint",
        "domain",
        "app_code",
        "placement_settings",
    ):
        assert getattr(current, name) == getattr(portal, name), name
    assert current.tokens.alive().exists()
