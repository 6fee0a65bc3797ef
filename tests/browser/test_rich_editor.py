"""Writing without Markdown: what somebody does who has never heard of it, and what is stored."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Locator, expect

from tests.support.browser import Person, axe_violations, beside, overflow
from widget.models import Note

PRIYA = 3
GROUP = "chat22"
Enter = Callable[..., Person]


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None]) -> None:
    installed_by_click()


def writing(frame: Frame, name: str = "New note") -> Locator:
    """The rich text, once it has taken the place of the text field."""
    frame.get_by_role("textbox", name=name).click()
    text = frame.locator(".rich-text")
    expect(text).to_be_focused()
    return text


def tool(frame: Frame, name: str) -> None:
    frame.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def saved(frame: Frame) -> str:
    frame.page.keyboard.press("Control+Enter")
    expect(frame.locator(".note[aria-busy]")).to_have_count(0)
    frame.locator(".note[data-note]").first.wait_for()
    return beside(lambda: Note.objects.latest("pk").text)


def test_minutes_with_a_table_and_three_boxes(person: Enter, pictures: Path, axe: None) -> None:
    priya = person("alpha", PRIYA, markdown=False)
    frame = priya.open(GROUP)
    text = writing(frame)
    keys = priya.page.keyboard
    tool(frame, "Heading")
    text.press_sequentially("Meeting of Monday")
    keys.press("Enter")
    text.press_sequentially("We take the ")
    tool(frame, "Bold")
    text.press_sequentially("small truck")
    tool(frame, "Bold")
    text.press_sequentially(" this time.")
    keys.press("Enter")
    tool(frame, "Table")
    for word in ("what", "who", "stand", "Mei", "lights", "Tomas"):
        text.press_sequentially(word)
        if word != "Tomas":
            keys.press("Tab")
    keys.press("ArrowDown")
    tool(frame, "Checklist")
    for word in ("call the hotel", "order the van", "print the plan"):
        text.press_sequentially(word)
        if word != "print the plan":
            keys.press("Enter")
    frame.get_by_label("order the van").check()
    assert axe_violations(frame) == []
    assert overflow(frame) <= 0
    priya.page.locator("iframe").screenshot(path=pictures / "writing.png")
    assert saved(frame) == (
        "## Meeting of Monday\n\n"
        "We take the **small truck** this time.\n\n"
        "| what | who |\n| --- | --- |\n| stand | Mei |\n| lights | Tomas |\n\n"
        "- [ ] call the hotel\n- [x] order the van\n- [ ] print the plan"
    )
