"""`make run` as a whole, in a copy of the project: start, end, kill, start again with the data kept."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from emulator import ledger
from tests.support import leaks
from tests.support.emulator import ROOT

pytestmark = pytest.mark.xdist_group("launcher")

# Generous: the suite runs on busy machines, and the time it takes is not what this test is about.
START_SECONDS = 240
STOP_SECONDS = 60
PROJECT = (
    *("manage.py", "Procfile", "sidebar_project", "portals", "widget", "operators"),
    *("templates", "emulator", "locale", "development"),
)


class Launcher:
    """One copy of the project, started and ended as a newcomer would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "run.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start and wait for the banner; returns what was printed."""
        names = ("PATH", "HOME", "LANG", ledger.VARIABLE)
        env = {name: value for name, value in os.environ.items() if name in names}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "development.launcher"],
                cwd=self.folder,
                env=env | {"PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_SECONDS
        while "Chat Notebook is running. Open" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self.log.read_text()

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)

    def settings(self) -> dict[str, str]:
        lines = (self.folder / ".data" / "dev.env").read_text().splitlines()
        return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}

    def living(self) -> list[psutil.Process]:
        """Processes that carry this copy's marker."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("CHAT_NOTEBOOK_RUN") == str(self.folder / ".data"):
                    found.append(process)
            except psutil.Error:
                continue
        return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, tmp_path / name)
    launcher = Launcher(tmp_path)
    yield launcher
    if launcher.process and launcher.process.poll() is None:
        launcher.process.kill()
        launcher.process.wait()
    for process in launcher.living():
        process.kill()
    leaks.keep(launcher.log)


def test_start_end_kill_and_start_again(launcher: Launcher) -> None:
    launcher.start()
    first = launcher.settings()
    assert requests.get(f"{first['PUBLIC_URL']}/readyz", timeout=5).json()["status"] == "ok"
    portals = json.loads((launcher.folder / ".data" / "emulator.ready.json").read_text())["portals"]
    assert all(requests.get(portal["url"], timeout=5).ok for portal in portals)
    assert oct((launcher.folder / ".data" / "dev.env").stat().st_mode)[-3:] == "600"

    second_start = subprocess.run(
        [sys.executable, "-m", "development.launcher"],
        cwd=launcher.folder, capture_output=True, text=True, timeout=START_SECONDS, check=False,
    )  # fmt: skip
    assert second_start.returncode == 1
    assert "running already" in second_start.stdout

    assert launcher.end(signal.SIGINT) == 0
    assert launcher.living() == []

    launcher.start()
    assert launcher.settings() == {**first, **changing(launcher.settings())}
    launcher.end(signal.SIGKILL)

    said = launcher.start()
    assert "that an earlier run left behind" in said
    assert launcher.settings()["BITRIX24_CLIENT_ID"] == first["BITRIX24_CLIENT_ID"]
    assert launcher.end(signal.SIGINT) == 0
    assert launcher.living() == []


def changing(settings: dict[str, str]) -> dict[str, str]:
    """What may differ from start to start: the ports of services that nobody types."""
    return {name: settings[name] for name in ("REDIS_URL", "DATABASE_URL")}
