"""The processes of production on loopback: started by the commands of the Procfile, behind the Caddy of deploy/."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support.emulator import ROOT
from tests.support.processes import until

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
START_SECONDS = 60
STOP_SECONDS = 60


class Production:
    """One process with its log in ``folder``; `start` returns when it runs, `stop` when it has ended."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.command = list(command)
        self.environment = {**environment, "PATH": f"{BIN}:{os.environ['PATH']}"}
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=output, stderr=output
            )

    def stop(self) -> int:
        """SIGTERM, as systemd and Docker send it; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)


class Web(Production):
    """A ``web`` process."""

    def __init__(self, port: int, environment: Mapping[str, str], folder: Path) -> None:
        own = {**environment, "PORT": str(port), "HOST": "127.0.0.1"}
        super().__init__(f"web-{port}", [str(DEPLOY / "process"), "web"], own, folder)

    def start(self) -> None:
        """Start, and wait as the units of systemd do."""
        super().start()
        check = [sys.executable, str(DEPLOY / "healthcheck.py"), "--wait", str(START_SECONDS)]
        subprocess.run(check, env=self.environment, check=True)


class Worker(Production):
    """A ``worker`` process."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *, threads: int = 4) -> None:
        own = {**environment, "WORKER_CONCURRENCY": str(threads)}
        super().__init__("worker", [str(DEPLOY / "process"), "worker"], own, folder)

    def start(self) -> None:
        """Start, and wait until it takes messages: before that a SIGTERM ends it like any program."""
        earlier = self.log.stat().st_size if self.log.exists() else 0
        super().start()
        until(lambda: b" ready." in self.log.read_bytes()[earlier:])


def caddy(public_url: str, upstreams: Sequence[int], folder: Path) -> Production:
    """The Caddy of deploy/, serving ``public_url`` from ``web`` processes on these ports."""
    environment = {
        **os.environ,
        "PUBLIC_URL": public_url,
        "WEB_UPSTREAMS": " ".join(f"127.0.0.1:{port}" for port in upstreams),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    return Production("caddy", command, environment, folder)
