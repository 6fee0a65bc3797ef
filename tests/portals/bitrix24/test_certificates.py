"""A portal whose certificate nobody vouches for: the one cause of silence that its owner can mend."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portals.bitrix24.errors import CertificateRefused, Disposition, Unreachable
from portals.bitrix24.transport import Transport
from portals.refusals import refusal_for


@pytest.fixture(params=["127.0.0.1", "127.0.0.2"], ids=["self-signed", "of another host"])
def certificate(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intranet.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(request.param))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with suppress(OSError):
                        context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])


def refused(port: int, **options: str) -> Unreachable:
    transport = Transport(trusted_networks=["127.0.0.0/8"], **options)  # type: ignore[arg-type]
    with pytest.raises(Unreachable) as caught:
        transport.post(f"https://127.0.0.1:{port}/rest/profile", form=[], deadline=5, method="profile")
    return caught.value


def test_the_cause_is_named(port: int) -> None:
    error = refused(port)
    assert isinstance(error, CertificateRefused)
    assert (error.code, error.disposition) == ("certificate_refused", Disposition.RETRY_LATER)
    assert refusal_for(error).reason == "certificate_refused"


@pytest.mark.parametrize("certificate", ["127.0.0.2"], indirect=True)
def test_a_trusted_certificate_of_another_host_is_refused_too(port: int, certificate: Path) -> None:
    assert isinstance(refused(port, ca_bundle=str(certificate)), CertificateRefused)


def test_silence_is_not_taken_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert type(refused(port)) is Unreachable
