"""Every file here names its source, and stands in docs/platform.md."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
DOCUMENT = (FOLDER.parents[1] / "docs/platform.md").read_text()
MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
FILES = sorted(set(FOLDER.glob("test_*.py")) - {Path(__file__)})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_facts_names_its_source_and_is_listed(path: Path) -> None:
    head = path.read_text().split('"""')[1]

    assert re.search(rf"SOURCE: .*({MONTH}) 20\d\d", head, re.S)
    assert f"`{path.name}`" in DOCUMENT
