"""Cards in a real page: our application inside the emulator's messenger."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import FrameLocator, Page, expect

from tests.support.emulator import Emulator
from tests.support.opens import Opens

# Playwright keeps an event loop in this thread; Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PRIYA = 3
Notebook = Callable[..., FrameLocator]


@pytest.fixture
def bitrix(live_server: Any, settings: Any) -> Iterator[Emulator]:
    """A world whose application is this one, installed on portal alpha."""
    # Bitrix24 takes no handler on a host without a dot.
    settings.PUBLIC_URL = live_server.url.replace("localhost", "127.0.0.1")
    with Emulator(app_url=settings.PUBLIC_URL) as emulator:
        settings.BITRIX24_OAUTH_URL = emulator.oauth_url
        opens = Opens(emulator, Client())
        assert opens.install("alpha").status_code == 200
        emulator.control.install_finish("alpha", user_id=1)
        yield emulator


@pytest.fixture
def notebook(page: Page, bitrix: Emulator) -> Notebook:
    """Opens a chat's notebook as somebody."""

    def open_it(user: int = PRIYA, dialog: str = "chat22", **params: str) -> FrameLocator:
        query = "&".join(f"{name}={value}" for name, value in params.items())
        page.goto(f"{bitrix.portals['alpha'].url}/online/?as={user}&dialog={dialog}&{query}")
        page.locator("[data-app]").first.click()
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("tablist")).to_be_visible()
        return frame

    return open_it


def test_people_with_roles_and_presence(notebook: Notebook, page: Page) -> None:
    frame = notebook()
    frame.get_by_role("tab", name="People").click()
    rows = frame.locator("#card-people .row:not(.row-wait)")

    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("Priya Nair")
    expect(rows.first).to_contain_text("Owner")
    expect(rows.nth(1)).to_contain_text("Manager")
    expect(frame.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_long_list_is_shown_in_pages_and_searched(notebook: Notebook, bitrix: Emulator) -> None:
    extra = [bitrix.control.add_user("alpha", name=f"<b>Person</b> {number}") for number in range(60)]
    bitrix.control.members("alpha", 22, add=extra)
    frame = notebook()
    frame.get_by_role("tab", name="People").click()
    rows = frame.locator("#card-people .row:not(.row-wait)")
    expect(rows).to_have_count(50)
    frame.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(64)
    expect(frame.get_by_role("button", name="Show more")).to_be_hidden()

    frame.get_by_role("searchbox").fill("</b> 59")
    expect(frame.locator("#card-people .row:visible")).to_have_count(1)
    expect(frame.locator("#card-people .row b")).to_have_count(0)
    assert frame.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_files_with_sizes(notebook: Notebook, page: Page) -> None:
    frame = notebook()
    frame.get_by_role("tab", name="Files").click()
    rows = frame.locator("#card-files .row:not(.row-wait)")

    expect(rows).to_have_count(2)
    expect(rows.get_by_text("Loading list.txt")).to_be_visible()


def test_the_deal_opens_in_bitrix24(notebook: Notebook, page: Page) -> None:
    frame = notebook(dialog="chat25")
    frame.locator("#card-crm").click()

    expect(page.locator("dialog")).to_contain_text("/crm/deal/details/15/")
