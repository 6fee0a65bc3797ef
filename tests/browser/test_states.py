"""States a notebook can be in, drawn and checked for accessibility; `SCREENSHOTS=1` keeps the pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Locator

from tests.support.browser import Person, axe_violations, overflow, write
from tests.support.emulator import Emulator

ADMIN, PRIYA, LUCIA, MEI = 1, 3, 5, 7
GROUP = "chat22"
Enter = Callable[..., Person]
Draw = Callable[[Person, Frame, str], None]
LIST = "**Before the truck leaves**\n\n- [ ] hand over the keys\n- [ ] tell the hotel\n- [x] order rigging points"


@pytest.fixture
def draw(pictures: Path, axe: None) -> Draw:
    """Checks a frame and takes its picture, without pointer and caret."""

    def take(somebody: Person, frame: Frame, name: str) -> None:
        somebody.page.mouse.move(0, 0)
        frame.wait_for_timeout(400)
        assert axe_violations(frame) == []
        assert overflow(frame) <= 0
        somebody.page.locator("iframe").screenshot(path=pictures / f"{name}.png")

    return take


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None]) -> None:
    installed_by_click()


def note(frame: Frame, words: str) -> Locator:
    return frame.locator(".note", has_text=words)


@pytest.mark.parametrize(("look", "scheme", "language"), [("", "light", "en"), ("-rtl", "dark", "ar")])
def test_an_empty_notebook_invites(person: Enter, draw: Draw, look: str, scheme: str, language: str) -> None:
    priya = person("alpha", PRIYA, color_scheme=scheme)
    draw(priya, priya.open(GROUP, language), f"notebook-empty{look}")


def test_a_refusal(person: Enter, bitrix24: Emulator, draw: Draw) -> None:
    bitrix24.control.members("alpha", 22, add=[LUCIA])
    lucia = person("alpha", LUCIA)
    lucia.chat(GROUP)
    bitrix24.control.members("alpha", 22, remove=[LUCIA])
    lucia.page.locator("[data-app]").click()
    frame = lucia.slider("/widget/")
    frame.get_by_role("heading", name="You have no access to this chat").wait_for()
    draw(lucia, frame, "notebook-refused")
    lucia.watch.problems.clear()


def test_at_work(person: Enter, draw: Draw) -> None:
    """Writing with a preview, an error, changes by others, the history of a note, a note just deleted."""
    mei, priya = person("alpha", MEI), person("alpha", PRIYA)
    theirs = mei.open(GROUP)
    write(theirs, "Rent of the stand: 900 euros, due in May.")
    write(theirs, LIST)
    frame = priya.open(GROUP)
    note(theirs, "Rent").get_by_role("button", name="Edit").click()
    theirs.get_by_label("Text of the note").fill(
        "Rent of the stand: **950** euros, due in June.\n\nTell finance."
    )
    theirs.get_by_role("button", name="Save", exact=True).last.click()
    theirs.locator(".editor").wait_for(state="detached")
    write(theirs, "Lunch is at one.")
    frame.locator("#news button").wait_for(timeout=20_000)
    draw(priya, frame, "notebook-news")

    frame.locator("#news button").click()
    note(frame, "Rent").get_by_role("button", name="More").click()
    note(frame, "Rent").get_by_role("button", name="History").click()
    frame.locator(".history ins").first.wait_for()
    draw(priya, frame, "notebook-history")
    frame.get_by_role("button", name="Close").click()

    note(frame, "Lunch").get_by_role("button", name="Delete").click()
    note(frame, "Lunch").get_by_role("button", name="Delete").last.click()
    frame.get_by_role("button", name="Undo").wait_for()
    frame.get_by_label("New note").click()
    frame.get_by_label("New note").fill(
        "## Hotel\n\n- two rooms, **late** arrival\n- https://example.com/booking"
    )
    frame.get_by_role("button", name="Preview").first.click()
    frame.locator(".preview ul").wait_for()
    priya.page.context.set_offline(True)
    frame.get_by_role("button", name="Save").first.click()
    frame.locator("#composer [role=alert]:not([hidden])").wait_for()
    draw(priya, frame, "notebook-offline")
    priya.page.context.set_offline(False)
    priya.watch.problems.clear()


def test_two_versions(person: Enter, draw: Draw) -> None:
    mei, priya = person("alpha", MEI), person("alpha", PRIYA, color_scheme="dark")
    write(mei.open(GROUP), "Rent is 900")
    frame, theirs = priya.open(GROUP), mei.open(GROUP)
    frame.get_by_role("button", name="Edit").click()
    theirs.get_by_role("button", name="Edit").click()
    for each, text in ((theirs, "Rent is 990, with **parking**"), (frame, "Rent is 950")):
        each.get_by_label("Text of the note").fill(text)
        each.locator(".editor").get_by_role("button", name="Save", exact=True).click()
        each.wait_for_timeout(500)
    frame.locator(".conflict").wait_for()
    draw(priya, frame, "notebook-conflict-dark")
    priya.watch.problems.clear()


def test_on_a_phone(person: Enter, draw: Draw) -> None:
    write(person("alpha", MEI).open(GROUP), LIST)
    priya = person("alpha", PRIYA, color_scheme="dark", viewport={"width": 1360, "height": 700})
    frame = priya.open(GROUP)
    priya.page.locator("[data-app-frame] iframe").evaluate("frame => { frame.style.width = '320px'; }")
    frame.wait_for_function("innerWidth === 320")
    write(frame, "Truck: the 11th, loading at **7:00**")
    frame.get_by_role("button", name="More").last.click()
    frame.get_by_role("button", name="Pin on top").click()
    frame.locator("[data-pinned]:not([data-pinned='']) .note-pin").wait_for()
    draw(priya, frame, "notebook-phone")


def test_a_note_by_its_link(person: Enter, draw: Draw) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    write(frame, LIST)
    number = frame.locator(".note").get_attribute("data-note")
    link = frame.evaluate("JSON.parse(document.getElementById('frame-data').textContent).link")
    priya.page.goto(f"{link}{number}&as={PRIYA}")
    shown = priya.slider("/widget/")
    shown.wait_for_selector("[data-live]")
    draw(priya, shown, "notebook-link")


@pytest.mark.parametrize(("look", "scheme", "language"), [("dark", "dark", "en"), ("rtl", "light", "ar")])
def test_the_application_page(person: Enter, draw: Draw, look: str, scheme: str, language: str) -> None:
    admin = person("alpha", ADMIN, color_scheme=scheme, viewport={"width": 1360, "height": 1480})
    admin.page.goto(f"{admin.portal}/market/?as={ADMIN}&lang={language}")
    admin.page.locator("[data-action=open]").first.click()
    frame = admin.slider("/app/")
    frame.locator(".pill").wait_for()
    draw(admin, frame, f"application-{look}")
