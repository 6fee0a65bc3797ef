"""Processes of the application on the test database: workers to be killed, and rivals for one token."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from tests.support import leaks
from tests.support.emulator import ROOT, Emulator

START_SECONDS = 60


def environment(emulator: Emulator) -> dict[str, str]:
    """What points a process of ours at the database of this test and at its emulated Bitrix24."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return os.environ | {
        "DATABASE_URL": database.geturl(),
        "REDIS_URL": settings.REDIS_URL,
        "BITRIX24_OAUTH_URL": emulator.oauth_url,
        "DJANGO_SETTINGS_MODULE": "sidebar_project.settings",
    }


def python(code: str, emulator: Emulator, *arguments: str) -> "subprocess.Popen[str]":
    """A Python process with Django set up, its output to be read."""
    command = [sys.executable, "-c", f"import django; django.setup()\n{code}", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(emulator), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def worker(emulator: Emulator, *, threads: int = 1) -> "subprocess.Popen[bytes]":
    """A Celery worker of the queue ``tokens``, as the Procfile starts it but for its size."""
    command = [sys.executable, "-m", "celery", "--app", "sidebar_project", "worker", "--queues", "tokens"]
    command += ["--pool", "threads", "--concurrency", str(threads), "--loglevel", "INFO"]
    command += [
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--hostname",
        f"w{time.monotonic_ns()}@test",
    ]
    with leaks.output("worker") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment(emulator), stdout=log, stderr=log)


def beat(emulator: Emulator) -> "subprocess.Popen[bytes]":
    """The scheduler, as the Procfile starts it."""
    command = [sys.executable, "-m", "celery", "--app", "sidebar_project", "beat", "--loglevel", "INFO"]
    with leaks.output("beat") as log:
        return subprocess.Popen(
            [*command, "--pidfile="], cwd=ROOT, env=environment(emulator), stdout=log, stderr=log
        )


def end(processes: Sequence["subprocess.Popen[Any]"]) -> None:
    """Kill what still runs."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(condition: Callable[[], bool], seconds: float = START_SECONDS, *, poll: float = 0.05) -> None:
    """Wait for a condition, asked every ``poll`` seconds. Raises AssertionError when the time is over."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(poll)
