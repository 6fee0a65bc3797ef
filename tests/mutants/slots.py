"""A place to run tests of one change: a process forked for it, a database, a cache and an emulator of its own.

Python, Django and pytest are loaded before the fork, our own modules after it: the change is there from the first
import on, and costs little more than the tests that notice it.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

import psycopg
import pytest
import redis

from development.embedded import Embedded
from tests.mutants.changes import Change, tree
from tests.support.emulator import ROOT, Emulator

_BASE: Final = "mutants"
_LOADED: Final = (
    "celery",
    "cryptography.fernet",
    "django.core.management.commands.migrate",
    "django.db.models",
    "django.forms",
    "django.http",
    "django.template",
    "django.test.client",
    "django.urls",
    "hypothesis",
    "markdown_it",
    "redis",
    "requests",
    "structlog",
    "time_machine",
)
ALL_PASSED: Final = 0


@dataclass(frozen=True)
class Verdict:
    """What became of one run."""

    status: int
    seconds: float
    output: str
    timed_out: bool = False


class Slot:
    """One of those that run at the same time. Use `start`, then `poll` until it has a verdict."""

    def __init__(self, number: int, services: Embedded, folder: Path) -> None:
        self._services = services
        self._number = number
        self._output = folder / f"output-{number}"
        self._emulator = Emulator()
        self._pid = 0
        self._began = 0.0
        self._limit = 0.0

    def __enter__(self) -> "Slot":
        self._emulator.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid:
            self._end()
        self._emulator.stop()

    def start(self, files: Sequence[str], plugin: object, change: Change | None, *, limit: float) -> None:
        """Run tests, of a change up to the first that fails, for at most `limit` seconds."""
        self._renew()
        self._began, self._limit = time.monotonic(), limit
        self._pid = os.fork()
        if not self._pid:
            status = 99
            try:
                status = self._child(files, plugin, change)
            finally:
                os._exit(status)

    def poll(self) -> Verdict | None:
        """The verdict, if there is one by now."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        seconds = time.monotonic() - self._began
        if not pid and seconds < self._limit:
            return None
        self._end()
        output = self._output.read_text(errors="replace")
        return Verdict(os.waitstatus_to_exitcode(status) if pid else -1, seconds, output, timed_out=not pid)

    def _end(self) -> None:
        """Whatever the tests have started ends with them."""
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        self._pid = 0

    @property
    def _database(self) -> str:
        return f"{_BASE}_{self._number}"

    def _renew(self) -> None:
        """What an earlier change has stored is gone."""
        with psycopg.connect(self._services.database_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {self._database} TEMPLATE {_BASE}".encode())
        with redis.Redis.from_url(_cache(self._services, self._number)) as client:
            client.flushdb()

    def _child(self, files: Sequence[str], plugin: object, change: Change | None) -> int:
        os.setsid()
        output = os.open(self._output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.environ["DATABASE_URL"] = self._services.database_url
        os.environ["REDIS_URL"] = _cache(self._services, self._number)
        if change:
            _install(change)
        options = ["-x"] if change else []
        options += ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.support.services"]
        options += ["-o", "addopts=", "--hypothesis-seed=0", "--tb=short", "-W", "ignore"]
        return int(pytest.main([*options, *files], plugins=[_Given(self._emulator, self._database), plugin]))


class _Given:
    """Fixtures that outlive a process: the database is there already, and so is the emulator."""

    def __init__(self, emulator: Emulator, database: str) -> None:
        self._emulator = emulator
        self._database = database

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> bool | None:
        if fixturedef.argname == "django_db_setup":
            self._connect(request.getfixturevalue("django_db_blocker"))
        elif fixturedef.argname != "emulator_process":
            return None
        fixturedef.cached_result = (self._emulator, fixturedef.cache_key(request), None)
        return True

    def _connect(self, blocker: Any) -> None:
        """As Django does once it has made a database for tests."""
        from django.db import connection  # noqa: PLC0415 - settings are read by now

        connection.settings_dict["NAME"] = self._database
        with blocker.unblock():
            connection.ensure_connection()
            connection.close()


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, loader: importlib.machinery.SourceFileLoader) -> None:
        self._name = name
        self._loader = loader

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, change: Change) -> None:
        super().__init__(name, path)
        self._change = change

    def get_code(self, fullname: str) -> CodeType:
        changed = tree(Path(self.path).read_text(), self._change)
        return compile(changed, self.path, "exec", dont_inherit=True)


def _install(change: Change) -> None:
    """From now on the module is imported with the change."""
    name = change.module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    sys.meta_path.insert(0, _Finder(name, _Loader(name, str(ROOT / change.module), change)))


def prepare(services: Embedded) -> None:
    """An empty database with all tables, to copy; and everything loaded that no change is about."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_BASE}".encode())
    pid = os.fork()
    if not pid:
        _migrate(_database_url(services, _BASE), _cache(services, 0))
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("The tables could not be made.")
    for name in _LOADED:
        importlib.import_module(name)


def _migrate(database_url: str, cache: str) -> None:
    os.environ.update(DATABASE_URL=database_url, REDIS_URL=cache, SECRET_KEY="mutants", DEBUG="true")
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    os.chdir(ROOT)
    os.execv(command[0], command)  # noqa: S606


def _cache(services: Embedded, number: int) -> str:
    return f"{services.redis_url.rpartition('/')[0]}/{number}"


def _database_url(services: Embedded, name: str) -> str:
    return services.database_url.replace("/chat_notebook?", f"/{name}?")
