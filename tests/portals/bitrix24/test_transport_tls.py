"""TLS: the name is verified though the connection goes to an address, and deadlines hold inside it."""

import datetime
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portals.bitrix24.errors import DeadlineExceeded, Unreachable
from portals.bitrix24.transport import Transport
from tests.portals.bitrix24.conftest import LOOPBACK
from tests.portals.bitrix24.scripted import Script, answer, post, read_request, scripted

NAME = "intranet.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of `NAME` with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "intranet.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def transport(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Transport:
    """Trusts the certificate; every example.com name is on loopback."""
    real = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        return real("127.0.0.1" if host.endswith(".example.com") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return Transport(trusted_networks=[LOOPBACK], ca_bundle=str(certificate))


@pytest.fixture
def over_tls(certificate: Path) -> Callable[[Script], Script]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def wrap(script: Script) -> Script:
        def serve(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                script(secured)

        return serve

    return wrap


def good(connection: socket.socket) -> None:
    while read_request(connection):
        connection.sendall(answer())


def url_of(host: str, port: int) -> str:
    return f"https://{host}:{port}/rest/profile"


def test_the_name_is_verified_and_the_connection_kept(
    transport: Transport, over_tls: Callable[[Script], Script]
):
    with scripted(over_tls(good)) as server:
        for _ in range(3):
            assert post(transport, url_of(NAME, server.port)) is True
        assert server.connections == 1


@pytest.mark.parametrize("host", ["other.example.com", "127.0.0.1"])
def test_another_name_is_refused(transport: Transport, over_tls: Callable[[Script], Script], host):
    with scripted(over_tls(good)) as server, pytest.raises(Unreachable):
        post(transport, url_of(host, server.port))


def test_an_unknown_authority_is_refused(transport: Transport, over_tls: Callable[[Script], Script]):
    with scripted(over_tls(good)) as server, pytest.raises(Unreachable):
        post(Transport(trusted_networks=[LOOPBACK]), url_of(NAME, server.port))


def test_the_deadline_counts_on_a_kept_tls_connection(
    transport: Transport, over_tls: Callable[[Script], Script]
):
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer())
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Header: ")
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)

    with scripted(over_tls(script)) as server:
        assert post(transport, url_of(NAME, server.port)) is True
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            post(transport, url_of(NAME, server.port), deadline=0.6)
        assert time.monotonic() - started < 1.5
        assert server.connections == 1
