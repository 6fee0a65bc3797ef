"""Processes of the Procfile that lack a key of what is stored end as they start; no other reason keeps them."""

import os
import socket
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from tests.support.emulator import ROOT, Emulator
from tests.support.paper import paper_portals
from tests.support.processes import environment
from tests.support.production import DEPLOY

LOOK = "import django; django.setup(); from portals.tokens import rotation; rotation.must_open(); print('started')"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    path = {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}  # noqa: PTH120
    return subprocess.run(
        command, cwd=ROOT, env=variables | path, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("process", ["web", "worker", "beat"])
def test_a_process_with_the_wrong_keys_ends_and_says_why(emulator: Emulator, process: str) -> None:
    [token] = paper_portals(emulator, 1)
    variables = environment(emulator) | {
        "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "WEB_WORKERS": "1",
    }
    ended = run([str(DEPLOY / "process"), process], variables)
    assert ended.returncode != 0
    said = ended.stdout + ended.stderr
    assert f"TOKEN_ENCRYPTION_KEYS lacks the key of portals.PortalToken.access_token {token.pk}." in said
    assert "Traceback" not in said


@pytest.mark.django_db
@pytest.mark.parametrize("database", ["away", "without tables"])
def test_a_database_that_cannot_be_looked_at_keeps_nobody_from_starting(
    emulator: Emulator, database: str
) -> None:
    variables: dict[str, Any] = environment(emulator)
    url = urlsplit(variables["DATABASE_URL"])
    if database == "away":
        variables["DATABASE_URL"] = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    else:
        variables["DATABASE_URL"] = url._replace(path="/postgres").geturl()
    ended = run([sys.executable, "-c", LOOK], variables | {"TOKEN_ENCRYPTION_KEYS": ""})
    assert (ended.returncode, ended.stdout.strip()) == (0, "started"), ended.stderr
