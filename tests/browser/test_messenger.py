"""The emulator's messenger and Market as people use them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.handler_app import HandlerApp, install_with_widget, visit
from tests.support.emulator import Emulator

pytestmark = pytest.mark.browser

ADMIN, EMPLOYEE, OUTSIDER = 1, 3, 5
DIALOG = "chat22"


@pytest.fixture(scope="module")
def handler() -> Iterator[HandlerApp]:
    with HandlerApp() as app:
        yield app


@pytest.fixture(scope="module")
def bitrix_process(handler: HandlerApp) -> Iterator[Emulator]:
    with Emulator(app_url=handler.url) as emulator:
        yield emulator


@pytest.fixture
def bitrix(bitrix_process: Emulator) -> Emulator:
    """A fresh world."""
    bitrix_process.reset()
    return bitrix_process


@pytest.fixture
def handler_installed(bitrix: Emulator, handler: HandlerApp) -> Emulator:
    install_with_widget(bitrix, handler)
    return bitrix


def test_only_administrators_install(page: Page, bitrix: Emulator) -> None:
    visit(page, bitrix, "/market/", EMPLOYEE)
    expect(page.locator("[data-action]")).to_have_count(0)
    expect(page.locator("[data-note]").first).to_contain_text("Ask your administrator")


def test_unfinished_installation_hides_the_widget_and_shows_the_gate(
    page: Page, handler_installed: Emulator
) -> None:
    handler_installed.control.update("alpha", 2, installer=True)
    visit(page, handler_installed, "/online/", EMPLOYEE, dialog=DIALOG)
    expect(page.locator("[data-app]")).to_have_count(0)
    visit(page, handler_installed, "/market/", EMPLOYEE)
    page.locator("[data-action=open]").click()
    expect(page.locator(".slider__notice")).to_contain_text("not fully installed")


def test_uninstall_with_clean_removes_widget(page: Page, handler_installed: Emulator) -> None:
    visit(page, handler_installed, "/market/", ADMIN)
    page.locator("[data-action=uninstall]").click()
    page.get_by_label("Delete settings and data").check()
    page.get_by_role("dialog").get_by_role("button", name="Uninstall").click()
    expect(page.locator("[data-state=absent]")).to_have_count(2)
    visit(page, handler_installed, "/online/", ADMIN, dialog=DIALOG)
    expect(page.locator("[data-app]")).to_have_count(0)


def test_two_people_talk_in_one_chat(page: Page, bitrix: Emulator) -> None:
    visit(page, bitrix, "/online/", EMPLOYEE, dialog=DIALOG)
    other = page.context.new_page()
    visit(other, bitrix, "/online/", ADMIN, dialog=DIALOG)
    page.get_by_role("textbox", name="Message to").fill("Hello <b>both</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".message--mine .bubble__text").last).to_contain_text("Hello <b>both</b>")
    expect(other.locator(".bubble__text").last).to_contain_text("Hello <b>both</b>")


def test_outsider_sees_no_talk(page: Page, bitrix: Emulator) -> None:
    visit(page, bitrix, "/online/", OUTSIDER, dialog=DIALOG)
    expect(page.locator(".talk__empty")).to_contain_text("no access")
    expect(page.locator("[data-messages]")).to_have_count(0)


def test_search_narrows_the_list_of_chats(page: Page, bitrix: Emulator) -> None:
    visit(page, bitrix, "/online/", EMPLOYEE)
    page.get_by_role("searchbox", name="Find a chat").fill("SPRING")
    expect(page.locator("[data-chat]:visible")).to_have_count(1)


def test_back_arrow_and_escape_lead_back_to_the_chat(page: Page, handler_installed: Emulator) -> None:
    visit(page, handler_installed, "/online/", EMPLOYEE, dialog=DIALOG)
    for leave in (
        lambda: page.get_by_role("button", name="Back to the chat").click(),
        lambda: page.keyboard.press("Escape"),
    ):
        page.locator("[data-app]").click()
        expect(page.locator("[data-app-frame] iframe")).to_have_count(1)
        leave()
        expect(page.locator("[data-app-frame] iframe")).to_have_count(0)
        expect(page.locator("[data-app]")).to_be_focused()


def test_a_person_who_typed_another_name_of_this_machine_lands_on_the_portal(
    page: Page, bitrix: Emulator
) -> None:
    portal = bitrix.portals["alpha"]
    page.goto(portal.url.replace("localhost", "127.0.0.1") + "/?x=1")
    assert page.url == f"{portal.url}/?x=1"


def test_welcome_and_landing_lead_to_every_portal(page: Page, bitrix: Emulator) -> None:
    page.goto(bitrix.oauth_url)
    page.get_by_role("link", name="Blue Harbor Studio").click()
    expect(page.get_by_role("link", name="Northwind Trading")).to_have_count(1)
    expect(page.locator("[aria-disabled]")).to_have_count(2)
    page.get_by_role("link", name="Administrator").first.click()
    expect(page.get_by_role("heading", name="Chats")).to_be_visible()
