"""docs/architecture.md names the rooms that are there, and files that exist."""

import re
from pathlib import Path

import pytest

from tests.support.emulator import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
NEITHER = {"__init__", "__pycache__", "migrations", "templatetags", "static"}


def parts(folder: Path) -> set[str]:
    """Modules and packages of an application."""
    return {
        path.stem for path in folder.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))
    } - NEITHER


@pytest.mark.parametrize("application", ["portals", "widget"])
def test_the_rooms_are_those_of_the_folders(application: str) -> None:
    start = PAGE.index(f"| `{application}/`, from the top |")
    table = PAGE[start : PAGE.index("\n\n", start)].splitlines()[2:]
    named = [name for row in table for name in re.findall(r"`([\w/]+)`", row.split("|")[1])]
    assert sorted(name.rstrip("/") for name in named) == sorted(parts(ROOT / application))
    assert all((ROOT / application / name).is_dir() for name in named if name.endswith("/"))


def test_every_file_of_the_page_exists() -> None:
    named = set(
        re.findall(r"`((?:portals|widget|operators|sidebar_project|development|tests)/[\w/.]+)`", PAGE)
    )
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    index = PAGE[PAGE.index("## Index of tasks") : PAGE.index("## Glossary")]
    assert len(re.findall(r"^\| .* \| `", index, re.M)) >= 20


def test_the_glossary_is_short() -> None:
    glossary = PAGE[PAGE.index("## Glossary") : PAGE.index("## Adding something")]
    assert 10 <= len(re.findall(r"^\| [a-z]", glossary, re.M)) - 1 <= 20
