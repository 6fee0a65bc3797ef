"""States a card can be in, drawn and checked for accessibility; `SCREENSHOTS=1` keeps the pictures."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from portals.models import Portal
from tests.browser.test_cards import GROUP, REFUSE_PATHS, WORKGROUP, card
from tests.browser.test_looks import LOOKS
from tests.browser.test_states import Draw, draw  # noqa: F401 - the fixture
from tests.support.browser import Person, beside
from tests.support.emulator import Emulator

PRIYA, TOMAS = 3, 4
Enter = Callable[..., Person]


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None], bitrix24: Emulator) -> None:
    installed_by_click()
    bitrix24.control.add_file("alpha", 27, name="Rear loading ramp, seen from the yard.mov", size=48_200_000)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["people", "files"])
def test_live_cards(person: Enter, draw: Draw, look: str, name: str) -> None:  # noqa: F811
    tomas = person("alpha", TOMAS, color_scheme=LOOKS[look]["scheme"])
    frame = tomas.open(WORKGROUP, LOOKS[look]["language"])
    card(frame, name)
    draw(tomas, frame, f"card-{name}-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_the_linked_deal(person: Enter, draw: Draw, look: str) -> None:  # noqa: F811
    priya = person("alpha", PRIYA, color_scheme=LOOKS[look]["scheme"])
    draw(priya, priya.open("chat25", LOOKS[look]["language"]), f"card-crm-{look}")


def test_on_the_narrowest_screen(person: Enter, draw: Draw) -> None:  # noqa: F811
    tomas = person("alpha", TOMAS)
    frame = tomas.open(WORKGROUP)
    tomas.page.locator("iframe").evaluate("frame => { frame.style.width = '320px' }")
    card(frame, "people")
    draw(tomas, frame, "card-people-narrow")


def test_waiting_and_failed(person: Enter, draw: Draw, bitrix24: Emulator) -> None:  # noqa: F811
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    priya.page.route("**/rest/**", hold)
    frame.locator("#tab-people").click()
    draw(priya, frame, "card-waiting")
    priya.page.route("**/rest/**", lambda route: route.abort())
    for route in held:
        route.abort()
    frame.locator("#card-people [data-state=failed]").wait_for(timeout=30_000)
    priya.watch.problems.clear()
    draw(priya, frame, "card-failed")


def test_denied(person: Enter, draw: Draw, bitrix24: Emulator) -> None:  # noqa: F811
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    bitrix24.control.members("alpha", 22, remove=[PRIYA])
    card(frame, "people")
    draw(priya, frame, "card-denied")


def test_without_its_scope(person: Enter, draw: Draw) -> None:  # noqa: F811
    beside(lambda: Portal.objects.update(scope=["im", "placement"]))
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    card(frame, "files")
    draw(priya, frame, "card-missing-scope")


def test_no_files(person: Enter, draw: Draw, bitrix24: Emulator) -> None:  # noqa: F811
    chat = bitrix24.control.add_chat("alpha", title="New", members=[PRIYA], owner=PRIYA)
    priya = person("alpha", PRIYA)
    frame = priya.open(f"chat{chat}")
    card(frame, "files")
    draw(priya, frame, "card-files-empty")


def test_a_click_that_failed(person: Enter, draw: Draw) -> None:  # noqa: F811
    priya = person("alpha", PRIYA)
    priya.chat("chat25")
    priya.page.evaluate(REFUSE_PATHS)
    priya.page.locator("[data-app]").click()
    frame = priya.slider("/widget/")
    frame.locator("#card-crm").click()
    frame.locator("#card-problem").wait_for()
    draw(priya, frame, "card-problem")
