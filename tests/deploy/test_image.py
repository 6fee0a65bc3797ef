"""The image: the Dockerfile's own steps, then the processes as compose.yaml runs them."""

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import requests
import yaml
from django.conf import settings

from tests.deploy.test_files import filled_in
from tests.support.browser import free_port
from tests.support.emulator import ROOT
from tests.support.image import Stage, build, possible
from tests.support.processes import until
from tests.support.production import Production

pytestmark = pytest.mark.xdist_group("deploy")

HOST = "notebook.example"
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    if not os.environ.get("CI"):
        pytest.skip("carrying out the Dockerfile downloads packages: set CI=true to do it")
    if not possible():
        pytest.skip("carrying out the Dockerfile needs root, the right to mount, and Debian's python3-venv")
    with tempfile.TemporaryDirectory(prefix="chat-notebook-image-") as folder:
        yield build(ROOT / "deploy/Dockerfile", ROOT, Path(folder))


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty database, as the image names it."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS image")
        connection.execute("CREATE DATABASE image")
        yield "postgresql://postgres@/image?host=/run/postgresql"
        connection.execute("DROP DATABASE image WITH (FORCE)")


class Container(Production):
    """A process of the image, as strict as compose.yaml asks: read-only, no capabilities, the image's user."""

    def __init__(
        self, name: str, image: Stage, command: list[str], database: str, folder: Path, **more: str
    ) -> None:
        [sockets] = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"]
        lent = {Path(sockets) / ".s.PGSQL.5432": "/run/postgresql/.s.PGSQL.5432"}
        environment = {
            **filled_in(),
            "DATABASE_URL": database,
            "REDIS_URL": settings.REDIS_URL,
            "HOST": "127.0.0.1",
            **more,
            **image.environment,
        }
        super().__init__(name, [], environment, folder)
        self.environment = {**environment, **more}
        self.command = image.inside(f"exec {shlex.join(command)}", read_only=True, sockets=lent)

    def run(self) -> tuple[int, str]:
        """Run to its end: exit code and output."""
        self.start()
        assert self.process is not None
        return self.process.wait(120), self.log.read_text()


def test_the_image_migrates_serves_works_and_stops(image: Stage, database: str, tmp_path: Path) -> None:
    def container(name: str, command: list[str], **more: str) -> Container:
        return Container(name, image, command, database, tmp_path, **more)

    assert container("migrate", COMPOSE["services"]["migrate"]["command"]).run()[0] == 0
    code, said = container(
        "check", ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    ).run()
    assert code == 0, said

    port = str(free_port())
    with ExitStack() as running:
        web = running.enter_context(container("web", image.command, PORT=port))
        worker = running.enter_context(container("worker", COMPOSE["services"]["worker"]["command"]))
        beat = running.enter_context(container("beat", COMPOSE["services"]["beat"]["command"]))
        healthcheck = [*image.healthcheck, "--wait", "60"]
        assert container("healthcheck", healthcheck, PORT=port).run()[0] == 0
        ping = COMPOSE["services"]["worker"]["healthcheck"]["test"][1].replace("$$", "$")
        until(lambda: container("ping", ["sh", "-c", f"HOSTNAME=$(hostname); {ping}"]).run()[0] == 0, poll=1)
        until(lambda: "beat: Starting" in beat.log.read_text())

        page = requests.get(
            f"http://127.0.0.1:{port}/widget/",
            headers={"Host": HOST, "X-Forwarded-Proto": "https"},
            timeout=10,
        )
        assert page.status_code == 200
        for process in (web, worker, beat):
            assert process.stop() == 0, process.log.read_text()


def test_the_process_can_change_nothing(image: Stage, database: str, tmp_path: Path) -> None:
    script = "id -u; grep CapBnd /proc/self/status; touch x /opt/venv/x; touch /tmp/x && echo tmp; true"
    _, said = Container("intruder", image, ["sh", "-c", script], database, tmp_path).run()
    assert said.splitlines()[0] == "10001"
    assert "CapBnd:\t0000000000000000" in said
    assert said.count("Read-only file system") == 2
    assert said.endswith("tmp\n")
