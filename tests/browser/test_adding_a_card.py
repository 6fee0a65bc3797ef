"""The card of docs/adding-a-card.md, built from the document and opened in a chat."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import Application, Person
from tests.support.emulator import ROOT, Emulator

TOMAS = 4
FILE = re.compile(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Enter = Callable[..., Person]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with the files of the document in it."""
    copy = tmp_path / "project"
    for name in ("sidebar_project", "operators", "portals", "widget", "templates", "locale"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    written = FILE.findall((ROOT / "docs/adding-a-card.md").read_text())
    assert len(written) == 3
    for path, text in written:
        # A new card is new files and no change to any other.
        assert not (copy / path).exists()
        (copy / path).write_text(text)
    return copy


@pytest.fixture
def application(
    live_application: Application, live_emulator: Emulator, project: Path
) -> Iterator[Application]:
    """The application of all browser tests, served from the copy for as long as this test runs."""
    live_application.root = project
    live_application.restart()
    yield live_application
    live_application.root = ROOT
    live_application.restart()


def test_the_card_of_the_document(
    application: Application, installed_by_click: Callable[..., None], person: Enter
) -> None:
    installed_by_click()
    frame = person("alpha", TOMAS).open("chat27")
    expect(frame.get_by_role("tab")).to_have_text(["Notes", "People", "Guests", "Files"])
    frame.get_by_role("tab", name="Guests").click()
    expect(frame.locator("#card-guests .row:not(.row-wait)")).to_have_text(
        ["Pavel OrlovDispatcher, Orlov Haulage"]
    )
