"""The emulated Bitrix24 as a process of its own, and a client of its control API.

with Emulator() as emulator:
    form = emulator.control.install("alpha", user_id=1)
    requests.post(form["url"], data=form["fields"])
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.control import Control

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True)
class PortalAddress:
    """Where a portal of the emulator lives."""

    key: str
    url: str
    member_id: str
    title: str

    @property
    def client_endpoint(self) -> str:
        return f"{self.url}/rest/"

    @property
    def domain(self) -> str:
        return self.url.removeprefix("http://")


class Emulator:
    """Starts `python -m emulator` on free ports; use as a context manager.

    Attributes after the start: `oauth_urls` of the two authorization servers, `oauth_url` of the first, which
    portals have until `control.settings` says otherwise, `portals` by key ("alpha", "beta"), `spare_ports`,
    `control`, `client_id`, `client_secret`.
    """

    oauth_urls: list[str]
    portals: dict[str, PortalAddress]
    spare_ports: list[int]
    control: Control

    def __init__(
        self,
        *,
        app_url: str = "http://127.0.0.1:8000",
        portals: int = 2,
        spares: int = 2,
        client_id: str = "app.5f0a3c1b9d2e47.10000001",
        client_secret: str = "emulated-secret-of-chat-notebook",
        state_file: Path | None = None,
    ) -> None:
        self.app_url = app_url
        self.client_id = client_id
        self.client_secret = client_secret
        self.state_file = state_file
        self._ports = {"oauth": [0, 0], "portal": [0] * portals, "spare": [0] * spares}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it answers. A second start takes the same ports again."""
        with tempfile.TemporaryDirectory() as folder:
            ready_file, log = Path(folder) / "ready.json", Path(folder) / "log"
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    self._command(ready_file), cwd=ROOT, stdout=output, stderr=output
                )
            deadline = time.monotonic() + START_SECONDS
            while not ready_file.exists():
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"The emulator did not start:\n{log.read_text()}")
                time.sleep(0.02)
            self._read(json.loads(ready_file.read_text()))

    def stop(self) -> None:
        """Ask it to end, and wait; the world is saved if there is a state file."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def oauth_url(self) -> str:
        return self.oauth_urls[0]

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    def reset(self) -> None:
        """Back to the demo world, with every switch off and no recorded requests."""
        self.control.call("POST", "reset")

    def _command(self, ready_file: Path) -> list[str]:
        command = [sys.executable, "-m", "emulator", "--ready-file", str(ready_file)]
        command += ["--app-url", self.app_url, "--client-id", self.client_id]
        command += ["--client-secret", self.client_secret]
        for name, ports in self._ports.items():
            for port in ports:
                command += [f"--{name}-port", str(port)]
        if self.state_file:
            command += ["--state", str(self.state_file)]
        return command

    def _read(self, ready: dict[str, Any]) -> None:
        self.oauth_urls = ready["oauth"]
        self.portals = {portal["key"]: PortalAddress(**portal) for portal in ready["portals"]}
        self.spare_ports = [_port(url) for url in ready["spare"]]
        self.control = Control(ready["control"])
        self._ports = {
            "oauth": [_port(url) for url in self.oauth_urls],
            "portal": [_port(portal.url) for portal in self.portals.values()],
            "spare": self.spare_ports,
        }


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
