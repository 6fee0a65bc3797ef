"""docs/adding-a-card.md is right: its files, as they stand there, make a card."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import widget.cards
from portals.models import Portal
from tests.support.emulator import ROOT
from tests.support.opens import Opens, frame_data
from widget.cards import registry

Install = Callable[..., Portal]
PRIYA = 3
FILES = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.M | re.S)


@pytest.fixture
def written(tmp_path: Path) -> list[str]:
    """The files of the document, in a folder of their own; returns their paths."""
    found = FILES.findall((ROOT / "docs/adding-a-card.md").read_text())
    for name, text in found:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [name for name, _ in found]


@pytest.fixture
def added(
    written: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[None]:
    """The application with those files in it."""
    monkeypatch.setattr(widget.cards, "__path__", [*widget.cards.__path__, str(tmp_path / "widget/cards")])
    [templates] = settings.TEMPLATES
    settings.TEMPLATES = [templates | {"DIRS": [*templates["DIRS"], tmp_path / "templates"]}]
    registry.cards.cache_clear()
    yield
    registry.cards.cache_clear()


@pytest.mark.django_db
def test_the_card_of_the_document_is_in_the_sidebar(
    opens: Opens, installed: Install, added: None, written: list[str]
) -> None:
    assert written == [
        "widget/cards/about.py",
        "templates/widget/cards/about.html",
        "widget/static/widget/cards/about.js",
    ]
    installed()
    session = frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"]
    for text in ("one", "two"):
        opens.api(session).add(text)

    html = opens.widget("alpha", PRIYA, "chat22").content.decode()

    assert re.findall(r'role="tab" id="tab-(\w+)"', html) == ["notes", "people", "files", "about"]
    assert "<h2>2 notes</h2>" in html
    assert 'data-module="/static/widget/dist/card-about.js"' in html


@pytest.mark.django_db
def test_without_its_scope_it_explains_itself(opens: Opens, installed: Install, added: None) -> None:
    installed()
    Portal.objects.update(scope=["placement", "disk"])
    html = opens.widget("alpha", PRIYA, "chat22").content.decode()
    assert "needs the permission “im”" in html
    assert "card-about.js" not in html


def test_its_script_is_bundled_like_the_others(written: list[str], tmp_path: Path) -> None:
    """The real bundler, on a copy of the scripts with the document's beside them."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules").exists():
        pytest.skip("node_modules is missing: run make setup")
    static = tmp_path / "widget/static/widget"
    shutil.copytree(ROOT / "widget/static/widget", static, dirs_exist_ok=True)
    shutil.copytree(ROOT / "frontend", tmp_path / "frontend")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    shutil.copy(ROOT / "package.json", tmp_path)
    shutil.rmtree(static / "dist", ignore_errors=True)

    subprocess.run([node, "frontend/build.mjs"], cwd=tmp_path, check=True, capture_output=True)

    assert "im.dialog.get" in (static / "dist/card-about.js").read_text()
