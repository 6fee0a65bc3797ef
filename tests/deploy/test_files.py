"""Files of deploy/: what they name exists, and they agree with each other and with the settings."""

import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from tests.support.emulator import ROOT
from tests.support.image import instructions
from tests.support.production import BIN, DEPLOY

EXAMPLE = (DEPLOY / ".env.example").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("chat-notebook:")}
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
UNITS = DEPLOY / "systemd"


def filled_in() -> dict[str, str]:
    """The variables of .env.example that have to be given, given."""
    given = {
        "SECRET_KEY": secrets.token_hex(32),
        "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "BITRIX24_CLIENT_ID": "app.5f0a.1",
        "BITRIX24_CLIENT_SECRET": "secret",
        "POSTGRES_PASSWORD": "secret",
    }
    values = dict(re.findall(r"^([A-Z_0-9]+)=(.*)$", EXAMPLE, re.M))
    assert {name for name, value in values.items() if not value} == given.keys()
    return values | given


def read_by_settings() -> set[str]:
    return set(re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', (ROOT / "sidebar_project/settings.py").read_text()))


def read_by_procfile() -> set[str]:
    return {name for command in PROCFILE.values() for name in re.findall(r"\$\{?([A-Z_0-9]+)", command)}


def read_by_compose() -> set[str]:
    text = re.sub(r"\$\$\w+", "", (DEPLOY / "compose.yaml").read_text())
    return set(re.findall(r"\$\{([A-Z_0-9]+)", text))


def test_the_example_names_exactly_what_is_read() -> None:
    named = re.findall(r"^(?:# )?([A-Z_0-9]+)=", EXAMPLE, re.M)
    assert len(named) == len(set(named))
    assert set(named) == read_by_settings() | read_by_procfile() | read_by_compose()


def test_the_documentation_names_exactly_what_is_read() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/configuration.md").read_text(), re.M)
    named = {name for row in rows for name in re.findall(r"`([A-Z_0-9]+)`", row)}
    assert named == read_by_settings() | read_by_procfile() | read_by_compose()


def test_defaults_in_the_example_are_those_documented() -> None:
    table = (ROOT / "docs/configuration.md").read_text()
    documented = dict(re.findall(r"^\| `([A-Z_0-9]+)` \| `(.+?)` \|", table, re.M))
    shown = dict(re.findall(r"^# ([A-Z_0-9]+)=(.*)$", EXAMPLE, re.M))
    assert {name: shown[name] for name in documented if name in shown} == {
        name: documented[name] for name in documented if name in shown
    }


@pytest.mark.parametrize("name", OWN)
def test_a_service_is_hardened_and_stops_in_time(name: str) -> None:
    service = OWN[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    command = service.get("command", ["deploy/process", "web"])
    if command[0] == "deploy/process":
        assert command[1] in PROCFILE
    else:
        assert (ROOT / command[1]).exists()


def test_every_queue_has_a_worker_and_beat_is_alone() -> None:
    queues = [
        service["environment"]["WORKER_QUEUES"]
        for service in OWN.values()
        if "worker" in str(service["command" if "command" in service else "image"])
    ]
    assert sorted(queues) == ["celery", "tokens"]
    assert [
        name for name, service in OWN.items() if service.get("command") == ["deploy/process", "beat"]
    ] == ["beat"]


def test_stopping_leaves_longer_than_the_processes_take() -> None:
    kill_timeout = int(re.search(r"--workers-kill-timeout (\d+)", PROCFILE["web"])[1])  # type: ignore[index]
    unit = (UNITS / "chat-notebook-web@.service").read_text()
    assert _seconds(SERVICES["web-1"]["stop_grace_period"]) > kill_timeout
    assert int(re.search(r"TimeoutStopSec=(\d+)", unit)[1]) > kill_timeout  # type: ignore[index]


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def test_published_ports_are_those_of_the_proxy_alone() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert COMPOSE["networks"]["data"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["data"]


def test_what_the_dockerfile_copies_exists() -> None:
    steps = list(instructions((DEPLOY / "Dockerfile").read_text()))
    copied = [
        source
        for name, rest in steps
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [rest for name, rest in steps if name == "USER"] == ["10001:10001"]
    apps = {
        path.name for path in ROOT.iterdir() if (path / "apps.py").exists() or (path / "wsgi.py").exists()
    }
    assert apps <= set(copied)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder with the units where they belong, and the files they name."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(UNITS, root / "etc/systemd/system")
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(DEPLOY, root / "opt/chat-notebook/deploy")
    python = root / "opt/chat-notebook/.venv/bin/python"
    python.parent.mkdir(parents=True)
    shutil.copy("/bin/true", python)
    return root


@pytest.mark.parametrize(
    "unit",
    ["web@8001.service", "worker@celery.service", "worker@tokens.service", "beat.service", "migrate.service"],
)
def test_units_are_valid_and_confined(installation: Path, unit: str) -> None:
    name = f"chat-notebook-{unit}"
    assert _systemd(installation, "verify", name) == ""
    exposure = re.search(
        r"exposure level for .*: ([\d.]+)", _systemd(installation, "--offline=true", "security", name)
    )
    assert exposure
    assert float(exposure[1]) < 2


def test_a_unit_that_is_wrong_would_be_noticed(installation: Path) -> None:
    broken = installation / "etc/systemd/system/chat-notebook-broken.service"
    broken.write_text("[Service]\nExecStart=/opt/chat-notebook/deploy/proces web\n")
    assert "not executable" in _systemd(installation, "verify", broken.name)


def _systemd(root: Path, *arguments: str) -> str:
    command = ["systemd-analyze", f"--root={root}", *arguments]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    ).stdout


@pytest.mark.parametrize("command", ["web", "worker", "beat"])
def test_processes_are_those_of_the_procfile(command: str, tmp_path: Path) -> None:
    program = PROCFILE[command].split()[0]
    (tmp_path / program).write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / program).chmod(0o755)
    said = subprocess.run(
        [DEPLOY / "process", command],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PORT": "8001"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith(PROCFILE[command].split()[1])
    assert "$" not in said


def test_a_process_the_procfile_lacks_is_refused() -> None:
    assert subprocess.run([DEPLOY / "process", "nonsense"], capture_output=True, check=False).returncode == 64


def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    environment = {
        "PUBLIC_URL": "https://notebook.example",
        "HOME": str(tmp_path),
    }
    for command in (["validate", "--adapter", "caddyfile", "--config"], ["fmt", "--diff"]):
        done = subprocess.run(
            [str(BIN / "caddy"), *command, str(DEPLOY / "Caddyfile")],
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
