"""The placement of docs/adding-a-placement.md, built from the document, bound and opened."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import widget.placements
from portals.lifecycle import install, placements
from portals.models import Portal
from tests.support.emulator import ROOT
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db
PRIYA, LUCIA = 3, 5
FILE = re.compile(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Adds the file of the document to the package, as if the process started with it."""
    ((path, text),) = FILE.findall((ROOT / "docs/adding-a-placement.md").read_text())
    assert not (ROOT / path).exists(), "a new placement is a new file and no change to any other"
    folder, name = path.rsplit("/", 1)
    assert folder == "widget/placements"

    def start() -> None:
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(widget.placements, "__path__", [*widget.placements.__path__, str(tmp_path)])
        monkeypatch.setattr(placements, "_PLACEMENTS", {})
        placements.register("widget.placements")

    yield start
    sys.modules.pop(f"widget.placements.{name.removesuffix('.py')}", None)


def codes(opens: Opens) -> list[str]:
    return sorted(item["placement"] for item in opens.emulator.control.installation("alpha")["placements"])


def test_the_placement_of_the_document(
    opens: Opens, installed: Callable[..., Portal], write: Callable[[], None]
) -> None:
    portal = installed()
    assert install.claim_stale(10) == []
    write()
    assert install.claim_stale(10) == [portal.pk]
    install.reconcile(portal)
    assert codes(opens) == ["IM_SIDEBAR", "IM_TEXTAREA", "REST_APP_URI"]
    assert install.claim_stale(10) == []

    chat = {"dialogId": "chat22"}
    page = opens.post(opens.emulator.control.open("alpha", PRIYA, placement="IM_TEXTAREA", options=chat))
    assert (page.status_code, frame_data(page)["dialog_id"]) == (200, "chat22")
    refused = opens.post(opens.emulator.control.open("alpha", LUCIA, placement="IM_TEXTAREA", options=chat))
    assert (refused.status_code, refused.context["reason"]) == (403, "no_access")


def test_a_portal_that_is_too_old_for_it(
    opens: Opens, installed: Callable[..., Portal], write: Callable[[], None]
) -> None:
    write()
    opens.emulator.control.settings("alpha", lacks_placement="IM_TEXTAREA")
    assert installed().handlers_missing == ["IM_TEXTAREA"]
    assert codes(opens) == ["IM_SIDEBAR", "REST_APP_URI"]
