"""Everything that runs in production, on services of its own, each to be stopped, killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg
import requests
from cryptography.fernet import Fernet

from development.embedded import Embedded
from tests.faults.front import Front
from tests.support.emulator import ROOT, Emulator

START_SECONDS = 120
STOP_SECONDS = 40
# Seconds between ticks, as an operator may set them: the suite cannot wait for the usual ones.
TICK = 2
_CELERY = ("celery", "--app", "sidebar_project")
_WORKER = (*_CELERY, "worker", "--pool", "threads", "--loglevel", "INFO")


class Estate:
    """Two web processes behind a front, a worker for each queue, beat, PostgreSQL, Valkey and Bitrix24."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"web1": _free_port(), "web2": _free_port()}
        self.front = Front(list(self.ports.values()))
        self.url = f"http://127.0.0.1:{self.front.port}"
        self.emulator = Emulator(app_url=self.url)
        # A cache that forgets everything when it stops is the worse case.
        self.services = Embedded(folder, durable=False)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self._stack.callback(self.front.close)
            self._stack.enter_context(self.services)
            self._stack.enter_context(self.emulator)
            self._stack.callback(self.stop_all)
            self._environment = self._variables()
            self._manage("migrate", "--verbosity", "0")
            with self.database() as database:
                database.execute(
                    "UPDATE django_celery_beat_intervalschedule SET every = %s WHERE every <= 60", [TICK]
                )
            self.start(*self._commands())
            until(lambda: all(self.ready(name) for name in self.ports), START_SECONDS)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def database(self) -> psycopg.Connection[Any]:
        """A connection past the application."""
        return psycopg.connect(self.services.database_url, autocommit=True, connect_timeout=3)

    def ask(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        with self.database() as database:
            row = database.execute(query, values).fetchone()
            return row[0] if row else None

    def django(self, code: str) -> None:
        """Run code inside the application, in a process of its own."""
        code = f"import django; django.setup()\n{code}"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=self._environment, check=True)

    def start(self, *names: str) -> None:
        """Start processes that are not running."""
        commands = self._commands()
        for name in names:
            if name in self.processes and self.processes[name].poll() is None:
                continue
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", *commands[name]],
                    cwd=ROOT,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                )

    def end(self, *names: str, how: int = signal.SIGTERM) -> None:
        """End processes by a signal and wait; SIGKILL takes their children along."""
        for name in names:
            process = self.processes[name]
            children = psutil.Process(process.pid).children() if how == signal.SIGKILL else []
            process.send_signal(how)
            for child in children:
                child.kill()
        for name in names:
            try:
                self.processes[name].wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.processes[name].kill()
                self.processes[name].wait()

    def kill_child(self, name: str) -> None:
        """Kill the one who does the work of a web process; its parent lives."""
        for child in psutil.Process(self.processes[name].pid).children():
            child.kill()

    def running(self, name: str) -> bool:
        """Whether a process has not ended by itself."""
        return self.processes[name].poll() is None

    def ready(self, name: str) -> bool:
        """What a web process says of itself and of all it needs."""
        with suppress(requests.RequestException):
            return requests.get(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=5).ok
        return False

    def valkey(self, how: int) -> None:
        """Send Valkey a signal: SIGSTOP makes it one that accepts connections and never answers."""
        for process in psutil.process_iter(["name"]):
            with suppress(psutil.Error):
                if process.cwd() == str(self.folder / "valkey"):
                    process.send_signal(how)

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop_all(self) -> None:
        """End all processes of the application."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        give_up = time.monotonic() + 5
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, give_up - time.monotonic()))
        living = [name for name, process in self.processes.items() if process.poll() is None]
        self.end(*living, how=signal.SIGKILL)

    def _manage(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environment, check=True)

    def _variables(self) -> dict[str, str]:
        """As in production, but for plain http to the emulated Bitrix24 and static files from their sources."""
        return os.environ | {
            "SECRET_KEY": "only-for-faults-" + "x" * 50,
            "DEBUG": "false",
            "SECURE_SSL_REDIRECT": "false",
            "PUBLIC_URL": self.url,
            "ALLOWED_HOSTS": "127.0.0.1",
            "BITRIX24_CLIENT_ID": self.emulator.client_id,
            "BITRIX24_CLIENT_SECRET": self.emulator.client_secret,
            "BITRIX24_OAUTH_URL": self.emulator.oauth_url,
            "BITRIX24_TRUSTED_NETWORKS": "127.0.0.0/8,::1/128",
            "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "API_CALL_FLUSH_SECONDS": "1",
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": self.services.database_url,
            "REDIS_URL": self.services.redis_url,
        }

    def _commands(self) -> dict[str, tuple[str, ...]]:
        """The lines of the Procfile; the queue of tokens has a worker to itself."""
        web = (
            "--workers",
            "1",
            "--blocking-threads",
            "8",
            "--respawn-failed-workers",
            "--workers-kill-timeout",
            "30",
        )
        return {
            **{
                name: (
                    *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
                    *("--log-level", "warning", *web, "sidebar_project.wsgi:application"),
                )
                for name, port in self.ports.items()
            },
            "worker": (*_WORKER, "--queues", "celery", "--concurrency", "4", "--hostname", "worker@faults"),
            "tokens": (*_WORKER, "--queues", "tokens", "--concurrency", "4", "--hostname", "tokens@faults"),
            "beat": (*_CELERY, "beat", "--loglevel", "INFO"),
        }


def until(condition: Callable[[], bool], seconds: float, *, poll: float = 0.05) -> float:
    """Wait for a condition; returns the seconds it took. Raises: TimeoutError."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"nothing after {seconds} s")
        time.sleep(poll)
    return time.monotonic() - begun


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
