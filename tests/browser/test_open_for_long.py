"""A sidebar that stays open while hours pass, people leave the chat, and the network comes and goes.

Here the application runs in this process, so that one clock can be moved for it, Bitrix24 and the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, expect

from tests.support.browser import COUNT_SHIFTS, Person, beside, layout_shift
from tests.support.clocks import Clocks
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db(transaction=True)

PRIYA, MEI = 3, 7
SOON_MS = 15_000


@dataclass
class Sidebar:
    """Priya's sidebar of chat 22 in the messenger, and a clock for all."""

    priya: Person
    frame: Frame
    clocks: Clocks
    opens: Opens

    def pass_time(self, *, minutes: int) -> None:
        """The page's timers run on as if it had been left alone."""
        self.clocks.advance(seconds=minutes * 60)
        self.priya.page.clock.fast_forward(minutes * 60_000)

    def mei_writes(self, text: str) -> None:
        """Somebody else's note."""

        def write() -> None:
            page = frame_data(self.opens.widget("alpha", MEI, "chat22"))
            self.opens.api(page["session"]).add(text)

        beside(write)


@pytest.fixture
def sidebar(
    opens: Opens, clocks: Clocks, live_server: Any, settings: Any, request: pytest.FixtureRequest
) -> Iterator[Sidebar]:
    settings.PUBLIC_URL = live_server.url.replace(
        "localhost", "127.0.0.1"
    )  # handlers need a dot in their host
    opens.install()
    opens.emulator.control.install_finish("alpha", user_id=1)
    browser: Browser = request.getfixturevalue(
        "browser"
    )  # after the last work with the database in this thread
    context = browser.new_context(viewport={"width": 1360, "height": 860})
    context.add_init_script(COUNT_SHIFTS)
    context.route("**/widget/editor/", lambda route: route.fulfill(body=""))  # the plain text field serves
    priya = Person(context, opens.emulator, "alpha", PRIYA)
    priya.page.clock.install()
    frame = priya.open("chat22")
    frame.wait_for_selector("#notebook[data-live]")
    yield Sidebar(priya, frame, clocks, opens)
    context.close()


def save(frame: Frame, text: str) -> None:
    area = frame.get_by_label("New note")
    area.click()
    area.fill(text)
    area.press("Control+Enter")
    expect(frame.locator(".note[data-note]").first).to_contain_text(text)


def test_left_open_overnight_it_works_in_the_morning(sidebar: Sidebar) -> None:
    frame = sidebar.frame
    save(frame, "in the evening")
    sidebar.clocks.advance(seconds=8 * 3600)
    sidebar.mei_writes("early in the morning")
    sidebar.pass_time(minutes=60)

    frame.locator("#news button").click(timeout=SOON_MS)
    expect(frame.locator(".note").first).to_contain_text("early in the morning")
    save(frame, "after breakfast")
    expect(frame.locator(".note")).to_have_count(3)
    assert layout_shift(frame) == 0
    assert sidebar.priya.watch.problems == []


def test_who_is_removed_from_the_chat_loses_the_notebook_within_minutes(sidebar: Sidebar) -> None:
    save(sidebar.frame, "for members only")
    sidebar.frame.get_by_role("button", name="Edit").click()
    sidebar.frame.get_by_label("Text of the note").fill("mine to keep")
    sidebar.frame.get_by_label("New note").fill("and half a thought")
    sidebar.opens.emulator.control.members("alpha", 22, remove=[PRIYA])
    sidebar.pass_time(minutes=15)

    heading = sidebar.frame.get_by_role("heading", name="This notebook is closed to you now")
    expect(heading).to_be_visible(timeout=SOON_MS)
    expect(sidebar.frame.locator(".lost-reason")).not_to_be_empty()
    assert "for members only" not in sidebar.frame.content()
    expect(sidebar.frame.get_by_label("You had not saved this:")).to_have_value(
        "and half a thought\n\nmine to keep"
    )
    assert {line.split()[0] for line in sidebar.priya.watch.problems} == {"403", "error:"}


def test_away_from_the_network_nothing_is_lost_and_it_goes_on_by_itself(sidebar: Sidebar) -> None:
    frame, context = sidebar.frame, sidebar.priya.page.context
    save(frame, "before")
    context.set_offline(True)
    frame.get_by_label("New note").fill("written in a tunnel")
    frame.get_by_label("New note").press("Control+Enter")
    expect(frame.locator("#composer").get_by_role("alert")).to_contain_text("No connection")
    expect(frame.get_by_label("New note")).to_have_value("written in a tunnel")
    expect(frame.locator(".note")).to_have_count(1)
    frame.locator(".note").get_by_role("button", name="Delete").click()
    frame.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(frame.locator(".note-ask").get_by_role("alert")).to_contain_text("No connection")
    frame.get_by_role("button", name="Keep").click()
    sidebar.mei_writes("meanwhile")
    sidebar.pass_time(minutes=1)
    expect(frame.locator("#news p")).to_be_visible(timeout=SOON_MS)
    expect(frame.locator("#status")).to_have_text("No connection. What others write will appear later.")

    context.set_offline(False)

    expect(frame.locator("#news p")).to_be_hidden(timeout=SOON_MS)
    expect(frame.locator("#news button")).to_be_visible(timeout=SOON_MS)
    frame.get_by_label("New note").press("Control+Enter")
    expect(frame.locator(".note[data-note]").first).to_contain_text("written in a tunnel")
    frame.locator("#news button").click()
    expect(frame.locator(".note")).to_have_count(3)
