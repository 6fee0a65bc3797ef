"""The fuzzers' count, printed at the end of a run; one test worker runs them all."""

from pathlib import Path
from typing import Any

import pytest

from tests.fuzzing.cases import CASES, HTTP, PARSERS, ran

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("fuzzing"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["fuzzed"] = dict(ran)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    ran.update(getattr(node, "workeroutput", {}).get("fuzzed", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if ran:
        parsers, http = (sum(ran[name] for name in names) for names in (PARSERS, HTTP))
        each = ", ".join(f"{name} {ran[name]}" for name in CASES if ran[name])
        terminalreporter.write_line(
            f"fuzzed: {parsers + http} cases, {parsers} of parsers, {http} over HTTP ({each})"
        )
