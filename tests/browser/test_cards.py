"""Cards in Chromium: people, files and the linked CRM entity inside the emulated messenger.

Every window fails its test when it complains (see the fixture `person`), so a hostile name that ran a script or
loaded something does so too.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Locator, Request, expect

from portals.models import Portal
from tests.support.browser import Person, beside, layout_shift, overflow, write
from tests.support.emulator import Emulator

# alpha's people (emulator/demo/northwind.py)
PRIYA, MEI = 3, 7
GROUP, WORKGROUP = "chat22", "chat27"
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>\u202etxt.exe\x07 </b>😀'
# How Bitrix24 answers an openPath it does not serve; ahead of the emulated messenger's own listener.
REFUSE_PATHS = """() => window.addEventListener("message", (event) => {
  const parts = String(event.data).split(":");
  if (parts[0] !== "openPath") return;
  event.stopImmediatePropagation();
  const answer = { result: "error", errorCode: "PATH_NOT_AVAILABLE" };
  event.source.postMessage(`${parts.at(-2)}:${JSON.stringify(answer)}`, event.origin);
})"""
Enter = Callable[..., Person]


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None]) -> None:
    installed_by_click()


def card(frame: Frame, name: str) -> Locator:
    """A card that has been chosen, loaded or failed."""
    frame.locator(f"#tab-{name.lower()}").click()
    panel = frame.locator(f"#card-{name.lower()}")
    panel.locator(
        ".rows:not([aria-busy]):visible, [data-state]:visible, .card-state:visible"
    ).first.wait_for()
    return panel


def rows(panel: Locator) -> Locator:
    return panel.locator(".row:not(.row-wait)")


def is_download(request: Request) -> bool:
    return "/rest/download.json" in request.url


def test_people_with_roles_and_presence(person: Enter) -> None:
    priya, mei = person("alpha", PRIYA), person("alpha", MEI)
    for somebody in (priya, mei):
        people = rows(card(somebody.open(GROUP), "People"))
        expect(people).to_have_count(4)
        expect(people.first).to_contain_text("Priya Nair")
        expect(people.first).to_contain_text("Owner")
        expect(people.nth(1)).to_contain_text("Manager")

    own = rows(mei.page.frame_locator("iframe").locator("#card-people")).filter(has_text="Mei")
    expect(own.get_by_role("button", name="Write a message")).to_have_count(0)


def test_a_profile_opens_in_the_slider_and_a_message_in_the_messenger(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    mei = rows(card(frame, "People")).filter(has_text="Mei")
    mei.get_by_role("link", name="Open profile").click()
    expect(priya.page.locator("dialog")).to_contain_text("/company/personal/user/7/")
    priya.page.keyboard.press("Escape")

    mei.get_by_role("button", name="Write a message").click()
    priya.page.wait_for_url("**/online/*dialog=7*")


def test_a_page_that_bitrix24_does_not_open_is_offered_in_a_new_window(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    priya.chat("chat25")
    priya.page.evaluate(REFUSE_PATHS)
    priya.page.locator("[data-app]").click()
    frame = priya.slider("/widget/")
    frame.locator("#card-crm").click()

    expect(frame.get_by_role("alert")).to_contain_text("Bitrix24 did not open this page.")
    expect(frame.get_by_role("link", name="Open in a new window")).to_have_attribute(
        "href", f"{priya.portal}/crm/deal/details/15/"
    )
    frame.get_by_role("button", name="Close").click()
    expect(frame.locator("#card-problem")).to_be_hidden()


def test_files_with_sizes_are_opened_and_downloaded(person: Enter, bitrix24: Emulator) -> None:
    number = bitrix24.control.add_file("alpha", 22, name="Film.mov", text="moving pictures", size=2_400_000)
    for somebody in (person("alpha", PRIYA), person("alpha", MEI)):
        films = rows(card(somebody.open(GROUP), "Files"))
        expect(films).to_have_count(3)
        film = films.first
        expect(film).to_contain_text("Film.mov")
        expect(film).to_contain_text("2.4 MB")
        expect(film.get_by_role("link")).to_have_attribute("href", f"{somebody.portal}/docs/file/{number}/")

        with somebody.page.context.expect_event("request", is_download) as asked:
            film.get_by_role("button", name="Download").click()
        assert somebody.page.request.get(asked.value.url).body() == b"moving pictures"


def test_a_file_is_put_into_the_note_that_is_being_written(person: Enter, bitrix24: Emulator) -> None:
    bitrix24.control.add_file("alpha", 22, name="plan [v2]*.txt", text="x")
    frame = person("alpha", PRIYA).open(GROUP)
    frame.get_by_label("New note").fill("See")
    panel = card(frame, "Files")
    panel.get_by_role("button", name="Put into a note: plan [v2]*.txt").click()
    field = frame.get_by_label("New note")
    expect(field).to_be_focused()
    expect(field).to_have_value(re.compile(r"^See\n\n\[plan \\\[v2\\]\\\*\.txt]\(/[^()]+\)$"))
    frame.get_by_role("button", name="Save").click()
    link = frame.locator(".note-text a")
    expect(link).to_have_text("plan [v2]*.txt")
    expect(link).to_have_attribute("href", re.compile(r"^http://[^/]+/"))


def test_a_download_that_fails_says_so(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    files = rows(card(frame, "Files"))
    bitrix24.control.members("alpha", 22, remove=[PRIYA])
    files.first.get_by_role("button", name="Download").click()

    expect(frame.get_by_role("alert")).to_contain_text("The file did not download.")


def test_a_chat_without_files_invites(person: Enter, bitrix24: Emulator) -> None:
    chat = bitrix24.control.add_chat("alpha", title="New", members=[PRIYA], owner=PRIYA)
    panel = card(person("alpha", PRIYA).open(f"chat{chat}"), "Files")

    expect(panel.get_by_role("heading", name="No files yet")).to_be_visible()
    expect(panel.locator(".card-list")).to_be_hidden()


def test_a_silent_portal_and_a_second_try(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    # As a dropped connection does it.
    priya.page.route("**/rest/**", lambda route: route.abort())
    panel = card(frame, "People")
    expect(panel.get_by_role("heading", name="This did not load")).to_be_visible(timeout=30_000)
    priya.page.unroute("**/rest/**")
    priya.watch.problems.clear()

    panel.get_by_role("button", name="Try again").click()
    expect(rows(panel)).to_have_count(4)


@pytest.mark.parametrize("name", ["People", "Files"])
def test_what_was_refused_is_not_asked_for_again(person: Enter, bitrix24: Emulator, name: str) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    bitrix24.control.members("alpha", 22, remove=[PRIYA])
    panel = card(frame, name)

    expect(panel.get_by_role("heading", name="You cannot see this part")).to_be_visible()
    expect(panel.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_card_without_its_scope_explains_itself(person: Enter) -> None:
    beside(lambda: Portal.objects.update(scope=["im", "placement"]))
    frame = person("alpha", PRIYA).open(GROUP)
    frame.get_by_role("tab", name="Files").click()

    expect(frame.locator("#card-files")).to_contain_text("needs the permission “disk”")


def test_the_chat_of_a_workgroup_under_the_name_of_the_group(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", PRIYA)
    priya.chat(WORKGROUP)
    priya.page.evaluate("document.querySelector('[data-dialog]').dataset.dialog = 'sg5'")
    priya.page.locator("[data-app]").click()
    frame = priya.slider("/widget/")

    expect(rows(card(frame, "People")).first).to_be_visible()
    expect(rows(card(frame, "Files"))).to_contain_text(["Tour template.txt"])


def test_hostile_names_stay_text(person: Enter, bitrix24: Emulator) -> None:
    stranger = bitrix24.control.add_user("alpha", name=HOSTILE, last_name="x" * 200, position=HOSTILE)
    bitrix24.control.members("alpha", 22, add=[stranger])
    bitrix24.control.add_file("alpha", 22, name=HOSTILE + "y" * 200, text="x")
    priya = person("alpha", PRIYA, viewport={"width": 700, "height": 700})
    frame = priya.open(GROUP)
    for name in ("People", "Files"):
        panel = card(frame, name)
        row = rows(panel).filter(has_text="onerror")
        expect(row).to_have_count(1)
        text = row.inner_text()
        assert "<script>alert(1)</script>" in text
        assert "😀" in text
        assert not {"\u202e", "\x07"} & set(text)
        assert row.locator("img, script").count() == 0
        assert overflow(frame) <= 0


def test_a_long_list_is_shown_in_pages_and_searched(person: Enter, bitrix24: Emulator) -> None:
    for number in range(58):
        bitrix24.control.add_file("alpha", 22, name=f"<b>Plan</b> {number}.txt", text="x")
    frame = person("alpha", PRIYA).open(GROUP)
    panel = card(frame, "Files")
    expect(rows(panel)).to_have_count(50)
    panel.get_by_role("button", name="Show more").click()
    expect(rows(panel)).to_have_count(60)
    expect(panel.get_by_role("button", name="Show more")).to_be_hidden()
    # Whoever works with the keyboard goes on where the new rows begin.
    expect(rows(panel).nth(50).get_by_role("link")).to_be_focused()

    panel.get_by_role("searchbox", name="Find a file").fill("</b> 57")
    expect(panel.locator(".row:visible")).to_have_count(1)
    panel.get_by_role("searchbox").fill("nowhere")
    expect(panel.get_by_text("Nothing found.")).to_be_visible()


@pytest.mark.parametrize(("language", "forward"), [("en", "ArrowRight"), ("ar", "ArrowLeft")])
def test_by_keyboard_alone(person: Enter, language: str, forward: str) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP, language)
    press = priya.page.keyboard.press
    frame.locator("#tab-notes").focus()
    press(forward)
    expect(frame.locator("#tab-people")).to_be_focused()
    expect(frame.locator("#card-notes")).to_be_hidden()
    expect(rows(frame.locator("#card-people"))).to_have_count(4)
    press(forward)
    expect(frame.locator("#tab-files")).to_be_focused()
    press("Home")
    expect(frame.locator("#card-notes")).to_be_visible()
    press("End")
    expect(frame.locator("#card-files")).to_be_visible()
    expect(rows(frame.locator("#card-files"))).to_have_count(2)
    # The panel, its search, then the first row: name, download.
    for expected in ("#card-files", ".card-find", ".row:first-child a", ".row:first-child button"):
        press("Tab")
        assert frame.locator("*:focus").evaluate("(e, s) => e.matches(s)", expected), expected


def test_nothing_moves_while_cards_load(person: Enter, bitrix24: Emulator) -> None:
    priya = person("alpha", PRIYA)
    write(priya.open(GROUP), "a note")
    frame = priya.open(GROUP)
    # Slower than the half second after a click in which Chromium forgives shifts.
    bitrix24.control.fault("alpha", delay_ms=700)
    for name in ("People", "Files", "Notes"):
        card(frame, name) if name != "Notes" else frame.get_by_role("tab", name=name).click()
        frame.wait_for_timeout(300)
    assert layout_shift(frame) == 0


def test_the_deal_opens_in_bitrix24(person: Enter) -> None:
    priya = person("alpha", PRIYA)
    frame = priya.open("chat25")
    frame.locator("#card-crm").click()

    expect(priya.page.locator("dialog")).to_contain_text("/crm/deal/details/15/")
