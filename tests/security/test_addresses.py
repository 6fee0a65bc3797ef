"""Attacks that want us to call, or to trust, an address of the attacker's choice."""

import re
import socket
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as ours

from portals.bitrix24.errors import AddressRefused
from portals.models import Portal
from portals.outgoing import gateway
from tests.portals.bitrix24.scripted import ScriptedServer, answer, read_request, scripted
from tests.security.conftest import CHAT, PRIYA, hostile, reason
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db

# As text, and what it stands for.
TARGETS = {
    "attacker": "attacker.example",
    "loopback": "127.0.0.1",
    "loopback of IPv6": "[::1]",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "metadata of IPv6": "[fd00:ec2::254]",
    "mapped to IPv6": "[::ffff:169.254.169.254]",
    "private": "10.0.0.1",
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "hexadecimal": "0x7f.0.0.1",
    "short": "127.1",
    "trailing dot": "127.0.0.1.",
    "international digits": "①②⑦.0.0.1",
    "user and host": "localhost@attacker.example",
    "port of another service": "127.0.0.1:6379",
    "a path": "attacker.example/rest",
    "a fragment": "attacker.example#",
    "a header": "attacker.example\r\nHost: x",
}
PLACES = ("DOMAIN", "SERVER_ENDPOINT", "PROTOCOL")


def forged(form: dict[str, Any], place: str, target: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A form whose ``place`` names ``target``, and what is to change in its body."""
    head, _, query = form["url"].partition("?")
    fields = dict(part.partition("=")[::2] for part in query.split("&"))
    if place == "SERVER_ENDPOINT":
        return form, {"SERVER_ENDPOINT": f"http://{target}/rest/"}
    fields["DOMAIN"] = quote(target, safe="")
    if place == "PROTOCOL":
        fields["PROTOCOL"] = "0"
    url = head + "?" + "&".join(f"{name}={value}" for name, value in fields.items())
    return form | {"url": url}, {}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_open_that_names_an_address(opens: Opens, alpha: Portal, called: list[str], target: str) -> None:
    """The token goes to the stored endpoint and to the configured authorization server, and nowhere else."""
    for place in PLACES:
        form, changed = forged(opens.form("alpha", PRIYA, CHAT), place, target)
        response = opens.post(form, **changed)
        assert response.status_code in (200, 400), place
        if response.status_code == 200:
            policy = f"{response.headers['Content-Security-Policy']};"
            assert re.search(f"frame-ancestors {alpha.origin}( https?://[^ ;]*)?;", policy), place
    assert set(called) <= known(opens)
    assert Portal.objects.get().client_endpoint == alpha.client_endpoint


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_install_that_names_an_address(opens: Opens, called: list[str], target: str) -> None:
    install = opens.emulator.control.install("alpha")
    for place in PLACES:
        form, changed = forged(install, place, target)
        response = opens.post(form, **changed)
        assert response.status_code in (200, 400), place
    assert set(called) <= known(opens)
    assert set(Portal.objects.values_list("domain", flat=True)) <= {opens.emulator.portals["alpha"].domain}


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "192.168.0.1", "::1", "fd00:ec2::254"])
def test_a_portals_name_that_leads_inside(
    opens: Opens, alpha: Portal, monkeypatch: pytest.MonkeyPatch, settings: Any, address: str
) -> None:
    """The name of a portal is its owner's to change: each call looks at the address, not at the name."""
    settings.BITRIX24_TRUSTED_NETWORKS = []
    settings.BITRIX24_OAUTH_URL = ["https://oauth.example.com"]
    Portal.objects.update(client_endpoint="https://portal.example.com/rest/")
    resolved = [address]
    monkeypatch.setattr(socket, "getaddrinfo", name_service(resolved))
    with pytest.raises(AddressRefused):
        gateway.portal(Portal.objects.get(), "token").call("profile")


def test_a_name_that_changes_between_check_and_connect(
    opens: Opens, alpha: Portal, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The name is looked up once, and the connection goes to the address that was looked at."""
    settings.BITRIX24_TRUSTED_NETWORKS = ["127.0.0.2/32"]
    Portal.objects.update(client_endpoint="http://portal.example.com:9/rest/")
    resolved = ["127.0.0.2", "127.0.0.1"]
    connected: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", name_service(resolved))

    def connect(_self: socket.socket, to: Any) -> None:
        connected.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Exception, match="unreachable"):
        gateway.portal(Portal.objects.get(), "token").call("profile")
    assert [to[0] for to in connected] == ["127.0.0.2"]


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:6379/", "http://169.254.169.254/latest/", "http://[::1]/", "//attacker.example/",
     "gopher://127.0.0.1/", "http://2130706433/", "http://attacker.example/rest/"],
)  # fmt: skip
@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_redirect_of_a_portal(
    opens: Opens, alpha: Portal, called: list[str], status: str, target: str
) -> None:
    """A redirect is a reason to ask the authorization server, never a way to go."""
    form = opens.form("alpha", PRIYA, CHAT)

    def redirect(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer(status, b"", f"Location: {target}"))

    with hostile(alpha, redirect) as server:
        response = opens.post(form)
    assert response.status_code in (200, 502, 503)
    assert set(called) <= known(opens) | {f"127.0.0.1:{server.port}"}


def test_redirect_of_the_authorization_server(opens: Opens, settings: Any, attacker: ScriptedServer) -> None:
    """Our secret follows no redirect."""
    form = opens.emulator.control.install("alpha")

    def redirect(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer("307 Temporary Redirect", b"", f"Location: {attacker.url}"))

    with scripted(redirect) as server:
        settings.BITRIX24_OAUTH_URL = [server.url.rstrip("/")]
        response = opens.post(form)
    assert reason(response)[0] in (502, 503)
    assert attacker.connections == 0
    assert not Portal.objects.exists()


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that something connects to."""
    found: list[str] = []
    real = socket.socket.connect

    def connect(self: socket.socket, to: Any) -> None:
        if isinstance(to, tuple):
            found.append(f"{to[0]}:{to[1]}")
        real(self, to)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


def known(opens: Opens) -> set[str]:
    """Where calls may go: the emulated portals and authorization server, its control, our own services."""
    urls = [portal.url for portal in opens.emulator.portals.values()]
    urls += [opens.emulator.oauth_url, opens.emulator.control.url, ours.REDIS_URL]
    ports = {url.split("//")[1].split("/")[0].rpartition(":")[2] for url in urls}
    return {f"{host}:{port}" for port in ports for host in ("127.0.0.1", "::1", "localhost")}


def name_service(resolved: list[str]) -> Any:
    """Answers ``portal.example.com`` with the next address, everything else as always."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "portal.example.com":
            host = resolved.pop(0) if len(resolved) > 1 else resolved[0]
        return real(host, port, *args, **kwargs)

    return getaddrinfo
