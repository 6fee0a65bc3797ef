"""docs/security.md and the tests: each attack has its test, each test its attack."""

import re
from pathlib import Path

from tests.support.emulator import ROOT

HERE = Path(__file__).parent


def named() -> set[tuple[str, str]]:
    return set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", (ROOT / "docs/security.md").read_text()))


def written(path: Path) -> set[tuple[str, str]]:
    file = path.relative_to(ROOT).as_posix()
    return {(file, name) for name in re.findall(r"^\s*def (test_\w+)", path.read_text(), re.MULTILINE)}


def test_every_test_that_the_table_names_exists() -> None:
    exists = {each for file in {file for file, _ in named()} for each in written(ROOT / file)}
    assert len(named()) > 100
    assert named() <= exists, named() - exists


def test_every_attack_stands_in_the_table() -> None:
    tried = {each for path in HERE.glob("test_*.py") if path != Path(__file__) for each in written(path)}
    assert tried <= named(), tried - named()


def test_every_file_that_the_table_names_exists() -> None:
    text = (ROOT / "docs/security.md").read_text()
    names = re.findall(r"`((?:portals|widget|sidebar_project|tests)/[\w/]*\.py)", text)
    assert names
    assert not [name for name in names if not (ROOT / name).exists()]
