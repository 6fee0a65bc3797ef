"""States a card can be in, drawn and checked for accessibility; `SCREENSHOTS=1` keeps the pictures."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, expect

from portals.models import Portal
from tests.browser.test_cards import GROUP, MEI, PRIYA, card, rows
from tests.browser.test_looks import LOOKS
from tests.browser.test_states import draw  # noqa: F401 - the fixture
from tests.support.browser import Person, beside
from tests.support.emulator import Emulator

Enter = Callable[..., Person]
Draw = Callable[[Person, Frame, str], None]
# Their order on the page; the words differ with the language.
NOTES, PEOPLE, FILES = range(3)


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None]) -> None:
    installed_by_click()


@pytest.mark.parametrize("look", LOOKS)
def test_people_files_and_deal(person: Enter, draw: Draw, look: str) -> None:  # noqa: F811
    scheme, language = LOOKS[look]["scheme"], LOOKS[look]["language"]
    priya = person("alpha", PRIYA, color_scheme=scheme)
    frame = priya.open(GROUP, language)
    for index, name, count in ((PEOPLE, "people", 4), (FILES, "files", 2)):
        frame.get_by_role("tab").nth(index).click()
        expect(rows(frame.locator(f"#card-{name}"))).to_have_count(count)
        draw(priya, frame, f"card-{name}-{look}")
    frame = priya.open("chat25", language)
    draw(priya, frame, f"card-crm-{look}")


def test_on_a_phone(person: Enter, draw: Draw) -> None:  # noqa: F811
    priya = person("alpha", PRIYA, viewport={"width": 1360, "height": 700})
    frame = priya.open(GROUP)
    priya.page.locator("[data-app-frame] iframe").evaluate("frame => { frame.style.width = '320px'; }")
    frame.wait_for_function("innerWidth === 320")
    expect(rows(card(frame, "People"))).to_have_count(4)
    draw(priya, frame, "card-people-phone")
    expect(rows(card(frame, "Files"))).to_have_count(2)
    draw(priya, frame, "card-files-phone")


@pytest.mark.parametrize(("look", "scheme", "language"), [("", "light", "en"), ("-rtl", "dark", "ar")])
def test_an_empty_folder(
    person: Enter,
    bitrix24: Emulator,
    draw: Draw,  # noqa: F811
    *,
    look: str,
    scheme: str,
    language: str,
) -> None:
    chat = bitrix24.control.add_chat("alpha", title="Quiet", members=[PRIYA], owner=PRIYA)
    priya = person("alpha", PRIYA, color_scheme=scheme)
    frame = priya.open(f"chat{chat}", language)
    frame.get_by_role("tab").nth(FILES).click()
    expect(frame.locator("#card-files [data-state=empty]")).to_be_visible()
    draw(priya, frame, f"card-empty{look}")


def test_while_it_loads(person: Enter, bitrix24: Emulator, draw: Draw) -> None:  # noqa: F811
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    bitrix24.control.fault("alpha", delay_ms=6000)
    frame.get_by_role("tab").nth(PEOPLE).click()
    expect(frame.locator("#card-people .row-wait").first).to_be_visible()
    draw(priya, frame, "card-loading")
    bitrix24.control.fault("alpha")


def test_failed_and_denied(person: Enter, bitrix24: Emulator, draw: Draw) -> None:  # noqa: F811
    mei = person("alpha", MEI)
    frame = mei.open(GROUP)
    bitrix24.control.fault("alpha", "500")
    people = card(frame, "People")
    expect(people.get_by_role("heading", name="This did not load")).to_be_visible(timeout=30_000)
    draw(mei, frame, "card-failed")
    bitrix24.control.fault("alpha")
    bitrix24.control.members("alpha", 22, remove=[MEI])
    people.get_by_role("button", name="Try again").click()
    expect(people.get_by_text("Bitrix24 does not show you this part of the chat.")).to_be_visible()
    draw(mei, frame, "card-denied")
    mei.watch.problems.clear()


def test_a_scope_that_was_not_granted(person: Enter, draw: Draw) -> None:  # noqa: F811
    beside(lambda: Portal.objects.update(scope=["im", "placement"]))
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    expect(card(frame, "Files").get_by_role("heading", name="One permission is missing")).to_be_visible()
    draw(priya, frame, "card-missing-scope")
