"""pytest plugin: no token that any emulator issued during the run may show in anything we write or answer.

Looked at are the records as code hands them to the loggers (before secrets are struck out of them: that is the
second line of defence), tracebacks, whatever tests and processes print, and every answer to Django's test client,
admin pages included. The emulators write down what they issue; at the end of the run both are held side by side,
and a hit fails the run.
"""

import json
import logging
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import IO

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from emulator import ledger

# The first characters of a token are enough to recognise it, cut off or embedded as it may be.
SIGNIFICANT = 24
_RUN = re.compile(rf"[0-9A-Za-z]{{{SIGNIFICANT},}}")
_FOLDER = "LEAK_EVIDENCE"


class Evidence:
    """Where strings that could be tokens were seen first."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def look(self, text: str, place: str) -> None:
        for run in _RUN.findall(text):
            if run not in self.seen:
                self.seen[run] = f"{place}, {os.environ.get('PYTEST_CURRENT_TEST', 'outside of a test')}"

    def hits(self, secrets: set[str]) -> Iterator[str]:
        """The places of everything that holds the beginning of a secret."""
        starts = {secret[:SIGNIFICANT] for secret in secrets if len(secret) >= SIGNIFICANT}
        for run, place in self.seen.items():
            if any(run[at : at + SIGNIFICANT] in starts for at in range(len(run) - SIGNIFICANT + 1)):
                yield place


EVIDENCE = Evidence()
_numbers = count()


def output(name: str) -> IO[bytes]:
    """A file for what a process of a test prints; it is searched like everything else. Benchmarks keep nothing."""
    if _FOLDER not in os.environ:
        return Path(os.devnull).open("wb")
    return (_folder() / f"output-{name}-{os.getpid()}-{next(_numbers)}.log").open("wb")


def keep(log: Path) -> None:
    """Search this file as well, which a test is about to delete."""
    if log.exists():
        EVIDENCE.look(log.read_text(errors="replace"), f"file {log.name}")


class PageReader:
    """Middleware around all others: reads every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        place = f"answer of {request.path}"
        if not response.streaming:
            EVIDENCE.look(response.content.decode(errors="replace"), place)
        EVIDENCE.look(str(response.headers), place)
        return response


class _Reader(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        place = f"log of {record.name}"
        EVIDENCE.look(record.getMessage(), place)
        error = record.exc_info[1] if record.exc_info else sys.exc_info()[1]  # structlog takes it later
        if error is not None:
            EVIDENCE.look("".join(traceback.format_exception(error)), f"traceback in {place}")


def _folder() -> Path:
    return Path(os.environ[_FOLDER])


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """One folder for a run; test workers and emulators inherit it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="chat-notebook-evidence-")
        os.environ[ledger.VARIABLE] = str(_folder() / "issued")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Django is set up by now, its handlers included."""
    logging.getLogger().addHandler(_Reader())
    settings.MIDDLEWARE = [f"{__name__}.{PageReader.__name__}", *settings.MIDDLEWARE]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for title, text in report.sections:
        if not title.startswith("Captured log"):  # those were read as records
            EVIDENCE.look(text, f"{title} of {report.nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test worker hands its evidence over; the process that started the run judges."""
    if hasattr(session.config, "workerinput"):
        (_folder() / f"seen-{os.getpid()}.json").write_text(json.dumps(EVIDENCE.seen))
        return
    found = sorted(set(_judge()))
    if found:
        session.config.stash[_LEAKS] = found
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_LEAKS = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for place in config.stash.get(_LEAKS, []):
        terminalreporter.write_line(f"TOKEN LEAKED: {place}", red=True)


def _judge() -> Iterator[str]:
    folder = _folder()
    issued = folder / "issued"
    secrets = set(issued.read_text().split()) if issued.exists() else set()
    for path in folder.glob("seen-*.json"):
        EVIDENCE.seen |= json.loads(path.read_text())
    for path in folder.glob("output-*.log"):
        keep(path)
    yield from EVIDENCE.hits(secrets)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
