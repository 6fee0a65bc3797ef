"""The one way out: which addresses it calls."""

import socket

import pytest

from portals.bitrix24.errors import AddressRefused, DeadlineExceeded, Unreachable
from portals.bitrix24.transport import Transport
from tests.portals.bitrix24.conftest import LOOPBACK
from tests.portals.bitrix24.scripted import ScriptedServer, post


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
