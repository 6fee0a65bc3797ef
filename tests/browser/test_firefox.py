"""The main path in Firefox: open, write without Markdown, tick, edit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.browser import beside
from tests.support.emulator import Emulator
from tests.support.firefox import Firefox, firefox_path, waited
from widget.models import Note

pytestmark = pytest.mark.proof
PRIYA = 3
WRITING = "document.activeElement.classList.contains('rich-text')"


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    path = firefox_path()
    if path is None:
        pytest.skip("no Firefox on this machine: apt-get install firefox-esr")
    with Firefox(path, tmp_path) as started:
        yield started


def text_of_the_note() -> str | None:
    found: str | None = beside(lambda: Note.objects.values_list("text", flat=True).first())
    return found


def test_open_write_tick_and_edit(
    firefox: Firefox, bitrix24: Emulator, installed_by_click: Callable[..., None]
) -> None:
    installed_by_click()
    portal = bitrix24.portals["alpha"].url
    firefox.go(f"{portal}/online/?as={PRIYA}&dialog=chat22&lang=en")
    firefox.click(firefox.window, "[data-applications] [data-app]")
    frame = firefox.frame("/widget/")
    firefox.wait(frame, "Boolean(document.querySelector('#notebook[data-live]'))")

    def tool(name: str) -> None:
        firefox.click(frame, f".rich-tools [data-command={name}]")

    firefox.click(frame, "#composer textarea")
    # A window without a screen is never in front, so nothing tells that the field has the focus.
    firefox.run(frame, "document.activeElement.dispatchEvent(new FocusEvent('focusin', { bubbles: true }))")
    firefox.wait(frame, WRITING)
    tool("heading")
    firefox.type(frame, "Plan")
    firefox.press(frame, "Enter")
    firefox.type(frame, "in **May** or ")
    firefox.press(frame, "Control", "i")
    firefox.type(frame, "June")
    firefox.press(frame, "Enter")
    tool("table")
    for word in ("what", "who", "stand", "Mei", "van"):
        firefox.type(frame, word)
        firefox.press(frame, "Tab")
    firefox.type(frame, "Tomas")
    firefox.press(frame, "Enter")
    tool("boxes")
    firefox.type(frame, "hotel")
    firefox.press(frame, "Enter")
    firefox.type(frame, "keys")
    firefox.press(frame, "Control", "Enter")
    table = "| what | who |\n| --- | --- |\n| stand | Mei |\n| van | Tomas |"
    assert waited(text_of_the_note) == (
        f"## Plan\n\nin **May** or *June*\n\n{table}\n\n- [ ] hotel\n- [ ] keys"
    )

    firefox.wait(frame, "document.querySelectorAll('.note[data-note]:not([aria-busy])').length === 1")
    firefox.click(frame, ".note li:nth-child(2) input:enabled")
    waited(lambda: "- [x] keys" in (text_of_the_note() or ""))
    firefox.wait(frame, "document.querySelectorAll('.note[data-version=\"2\"]').length === 1")

    firefox.click(frame, ".note [data-action=edit]")
    firefox.wait(frame, f"{WRITING} && Boolean(document.activeElement.closest('.editor'))")
    firefox.type(frame, "!")
    firefox.press(frame, "Control", "Enter")
    waited(lambda: (text_of_the_note() or "").endswith("- [x] keys!"))
