"""Which tests run which lines of the modules that are changed, and how long each takes.

A change is shown to those alone that come past it, the shortest first.
"""

import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import pytest

from tests.mutants.changes import Change
from tests.mutants.modules import MODULES, NUMBERS
from tests.support.emulator import ROOT

# Tests by their names: seconds, and the lines by module. Without a name: what runs before the first of them.
Walks = dict[str, tuple[float, dict[str, list[int]]]]


# Lines of one function in one test: a loop over a long text is followed so far.
_ENOUGH: Final = 3_000


class Recorder:
    """pytest plugin: writes `Walks` to a file."""

    def __init__(self, modules: list[str], file: Path, *, start: bool) -> None:
        """``start``: what runs while modules are imported as well."""
        self._modules = {str(ROOT / name): name for name in modules}
        self._file = file
        self._walks: Walks = {}
        self._lines: dict[str, set[int]] = {}
        self._events = Counter[CodeType]()
        self._failed: set[str] = set()
        self._start = start

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Django is set up after this."""
        if self._start:
            self._follow()

    def pytest_collection_finish(self) -> None:
        if self._start:
            self._note("", 0)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines, self._events = {}, Counter()
        began = time.perf_counter()
        self._follow()
        yield
        self._note(item.nodeid, time.perf_counter() - began)

    def _follow(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def _note(self, test: str, seconds: float) -> None:
        sys.settrace(None)
        threading.settrace(None)
        self._walks[test] = seconds, {name: sorted(lines) for name, lines in self._lines.items()}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """A test that fails already would notice everything."""
        passed = {name: walk for name, walk in self._walks.items() if name not in self._failed}
        self._file.write_text(json.dumps(passed))

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        name = self._modules.get(code.co_filename)
        if name is None or self._events[code] > _ENOUGH:
            return None
        add = self._lines.setdefault(name, set()).add

        def line(frame: FrameType, event: str, arg: Any) -> Any:
            add(frame.f_lineno)
            self._events[code] += 1
            return line if self._events[code] <= _ENOUGH else None

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
    """The shortest first. What runs while modules are imported concerns all tests, unless it names a constant that
    is read later: then whoever comes past a line that reads it."""
    concerned = {change.module: set(change.lines)}
    everybody = change.at_import or _comes_past(concerned, walks[""][1])
    if everybody and change.defines:
        concerned = _readers(change)
        everybody = not any(concerned.values()) or _comes_past(concerned, walks[""][1])
    past = [
        (seconds, name)
        for name, (seconds, lines) in walks.items()
        if (file := name.partition("::")[0]) in files
        and (everybody or _comes_past(concerned, lines) or (change.defines and file == NUMBERS))
    ]
    return [name for _, name in sorted(past)]


def _readers(change: Change) -> dict[str, set[int]]:
    """Lines of all modules that name what a change defines."""
    word = re.compile(rf"\b{change.defines}\b")
    found = {
        module: {
            number
            for number, line in enumerate((ROOT / module).read_text().splitlines(), start=1)
            if word.search(line) and not line.startswith(("from ", "import ", "#"))
        }
        for module in MODULES
    }
    found[change.module] -= set(change.lines)
    return found


def _comes_past(concerned: dict[str, set[int]], lines: dict[str, list[int]]) -> bool:
    return any(not numbers.isdisjoint(lines.get(module, ())) for module, numbers in concerned.items())
