"""docs/install-flow.md names a test for every row: each must exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_test_that_the_table_names_exists() -> None:
    text = (ROOT / "docs" / "install-flow.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", text))
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(named) > 40
    assert named <= written, named - written


def test_every_file_that_the_table_names_exists() -> None:
    text = (ROOT / "docs" / "install-flow.md").read_text()
    for name in re.findall(r"`((?:portals|tests)/[\w/]+\.py)`", text):
        assert (ROOT / name).exists(), name
