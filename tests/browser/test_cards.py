"""Cards in a real page: people, files and the linked CRM entity, live from the emulated portal."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Locator, expect

from tests.support.browser import Person, layout_shift, overflow
from tests.support.emulator import Emulator

PRIYA, MEI = 3, 7
GROUP, DEAL = "chat22", "chat25"
HOSTILE = '<img src=x onerror="alert(1)">\u202egpj.exe'
Enter = Callable[..., Person]


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None]) -> None:
    installed_by_click()


def card(frame: Frame, name: str) -> Locator:
    """Chooses the tab of a card and returns its panel."""
    frame.get_by_role("tab", name=name).click()
    return frame.get_by_role("tabpanel", name=name)


def rows(panel: Locator) -> Locator:
    return panel.locator(".row:not(.row-wait)")


def test_people_with_roles_and_presence(person: Enter) -> None:
    frame = person("alpha", PRIYA).open(GROUP)
    people = card(frame, "People")

    expect(rows(people)).to_have_count(4)
    expect(rows(people).first).to_contain_text("Priya Nair")
    expect(rows(people).first).to_contain_text("Owner")
    expect(rows(people).nth(1)).to_contain_text("Manager")
    expect(people.get_by_role("button", name="Show more")).to_be_hidden()
    assert layout_shift(frame) == 0


def test_from_a_person_to_profile_and_private_chat(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    people = card(priya.open(GROUP), "People")
    mei = rows(people).filter(has_text="Mei")

    mei.get_by_role("button", name="Write a message").click()
    expect(priya.page.locator(".talk__head")).to_contain_text("Mei")

    people = card(priya.open(GROUP), "People")
    rows(people).filter(has_text="Mei").get_by_role("button", name="Open profile").click()
    expect(priya.page.locator("dialog", has_text=f"/company/personal/user/{MEI}/")).to_be_visible()


def test_a_long_list_is_shown_in_pages_and_searched(person: Enter, bitrix24: Emulator) -> None:
    extra = [bitrix24.control.add_user("alpha", name=f"<b>Person</b> {number}") for number in range(60)]
    bitrix24.control.members("alpha", 22, add=extra)
    frame = person("alpha", PRIYA).open(GROUP)
    people = card(frame, "People")
    expect(rows(people)).to_have_count(50)
    people.get_by_role("button", name="Show more").click()
    expect(rows(people)).to_have_count(64)
    expect(people.get_by_role("button", name="Show more")).to_be_hidden()

    people.get_by_role("searchbox").fill("</b> 59")
    expect(people.locator(".row:visible")).to_have_count(1)
    expect(people.locator(".row b")).to_have_count(0)
    people.get_by_role("searchbox").fill("nobody of that name")
    expect(people.get_by_text("Nothing found.")).to_be_visible()
    assert overflow(frame) <= 0


def test_files_with_sizes_newest_first_and_download(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    files = card(priya.open(GROUP), "Files")
    expect(rows(files)).to_have_count(2)
    listed = rows(files).filter(has_text="Loading list.txt")
    expect(listed.locator(".row-note")).to_contain_text("byte")
    assert (listed.get_by_role("link").get_attribute("href") or "").startswith(f"{priya.portal}/docs/file/")

    with priya.page.context.expect_event("request", lambda asked: "/download" in asked.url) as asked:
        listed.get_by_role("button", name="Download").click()
    assert asked.value.url.startswith(priya.portal)


def test_files_of_a_portal_without_the_old_method(person: Enter, bitrix24: Emulator) -> None:
    bitrix24.control.settings("alpha", lacks_method="im.disk.folder.get")
    files = card(person("alpha", PRIYA).open(GROUP), "Files")
    expect(rows(files)).to_have_count(2)


def test_a_chat_without_files_says_where_they_would_come_from(person: Enter, bitrix24: Emulator) -> None:
    chat = bitrix24.control.add_chat("alpha", title="Quiet", members=[PRIYA], owner=PRIYA)
    for lacking in ("", "im.disk.folder.get"):
        bitrix24.control.settings("alpha", lacks_method=lacking)
        files = card(person("alpha", PRIYA).open(f"chat{chat}"), "Files")
        expect(files.get_by_role("heading", name="No files yet")).to_be_visible()


def test_a_portal_that_does_not_answer_and_another_try(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    bitrix24.control.fault("alpha", "500")
    people = card(frame, "People")
    expect(people.get_by_role("heading", name="This did not load")).to_be_visible(timeout=30_000)
    bitrix24.control.fault("alpha")
    people.get_by_role("button", name="Try again").click()
    expect(rows(people)).to_have_count(4)
    priya.watch.problems.clear()


def test_a_script_that_did_not_come_is_asked_for_again(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    priya.page.route("**/card-people*.js", lambda route: route.abort())
    people = card(frame, "People")
    expect(people.get_by_role("heading", name="This did not load")).to_be_visible()
    priya.page.unroute_all()
    people.get_by_role("button", name="Try again").click()
    expect(people.get_by_role("heading", name="This did not load").or_(rows(people).first)).to_be_visible()
    priya.watch.problems.clear()


def test_who_was_removed_is_told_and_not_asked_to_try_again(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", MEI)
    frame = priya.open(GROUP)
    bitrix24.control.members("alpha", 22, remove=[MEI])
    people = card(frame, "People")
    expect(people.get_by_text("Bitrix24 does not show you this part of the chat.")).to_be_visible()
    expect(people.get_by_role("button", name="Try again")).to_be_hidden()
    priya.watch.problems.clear()


def test_a_click_that_fails_says_so(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", PRIYA)
    files = card(priya.open(GROUP), "Files")
    expect(rows(files)).to_have_count(2)
    bitrix24.control.settings("alpha", lacks_method="disk.file.get")
    rows(files).first.get_by_role("button", name="Download").click()
    expect(files.get_by_text("Bitrix24 did not do that.")).to_be_visible()
    priya.watch.problems.clear()


def test_names_from_the_portal_stay_text(person: Enter, bitrix24: Emulator) -> None:
    guest = bitrix24.control.add_user("alpha", name=HOSTILE, position=HOSTILE)
    bitrix24.control.members("alpha", 22, add=[guest])
    frame = person("alpha", PRIYA).open(GROUP)
    people = card(frame, "People")
    expect(rows(people)).to_have_count(5)
    expect(people.get_by_text("onerror").first).to_be_visible()
    expect(people.locator(".row img[src=x]")).to_have_count(0)
    assert overflow(frame) <= 0


def test_the_keyboard_walks_the_tabs(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    for language, forward in (("en", "ArrowRight"), ("ar", "ArrowLeft")):
        frame = priya.open(GROUP, language)
        tabs = frame.get_by_role("tab")
        tabs.first.focus()
        for index in (1, 2, 0):
            priya.page.keyboard.press(forward)
            expect(tabs.nth(index)).to_be_focused()
            expect(tabs.nth(index)).to_have_attribute("aria-selected", "true")
        priya.page.keyboard.press("End")
        expect(tabs.last).to_be_focused()


def test_the_deal_opens_in_bitrix24(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(DEAL)
    frame.locator("#card-crm").click()
    expect(priya.page.locator("dialog", has_text="/crm/deal/details/15/")).to_be_visible()


def test_two_people_see_the_same_chat_each_with_their_own_eyes(person: Enter) -> None:
    """In a private chat both name the other; the people are the same two."""
    for who, other in ((PRIYA, MEI), (MEI, PRIYA)):
        people = card(person("alpha", who).open(str(other)), "People")
        expect(rows(people)).to_have_count(2)
        expect(people.get_by_role("button", name="Write a message: ")).to_have_count(1)
