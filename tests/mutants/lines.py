"""Which tests run which lines of the modules that are changed, and how long each takes.

A change is shown to those alone that come past it, the shortest first.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.mutants.changes import Change
from tests.support.emulator import ROOT

# Tests by their names: seconds, and the lines by module.
Walks = dict[str, tuple[float, dict[str, list[int]]]]


class Recorder:
    """pytest plugin: writes `Walks` to a file."""

    def __init__(self, modules: list[str], file: Path) -> None:
        self._modules = {str(ROOT / name): name for name in modules}
        self._file = file
        self._walks: Walks = {}
        self._lines: dict[str, set[int]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines = {}
        began = time.perf_counter()
        threading.settrace(self._call)
        sys.settrace(self._call)
        yield
        sys.settrace(None)
        threading.settrace(None)
        seconds = time.perf_counter() - began
        self._walks[item.nodeid] = seconds, {name: sorted(lines) for name, lines in self._lines.items()}

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._walks))

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        name = self._modules.get(frame.f_code.co_filename)
        if name is None:
            return None
        add = self._lines.setdefault(name, set()).add

        def line(frame: FrameType, event: str, arg: Any) -> Any:
            add(frame.f_lineno)
            return line

        return line


class Chosen:
    """pytest plugin: these tests, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self._rank = {name: rank for rank, name in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._rank), key=lambda item: self._rank[item.nodeid]
        )


def tests_of(change: Change, walks: Walks, files: list[str]) -> list[str]:
    """The shortest first. What a module says while it is imported concerns all of its tests."""
    past = [
        (seconds, name)
        for name, (seconds, lines) in walks.items()
        if name.partition("::")[0] in files
        and (change.at_import or not set(change.lines).isdisjoint(lines.get(change.module, ())))
    ]
    return [name for _, name in sorted(past)]
