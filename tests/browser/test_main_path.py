"""The main path in a real browser: install, open the sidebar, write, and who sees what."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.browser import Application, Person, layout_shift, overflow, write
from tests.support.emulator import Emulator

# alpha's people (emulator/demo/northwind.py); beta's have the same numbers
ADMIN, PRIYA, TOMAS, LUCIA, MEI = 1, 3, 4, 5, 7
GROUP = "chat22"
WIDE = (
    "A long address: https://example.com/" + "segment/" * 30 + "\n\n`" + "x" * 200 + "`",
    "|" + "column|" * 12 + "\n|" + "-|" * 12 + "\n|" + "value|" * 12 + "\n\n# " + "Heading" * 30,
    "- [ ] "
    + "task" * 60
    + "\n  - [ ] "
    + "\u0645\u0647\u0645\u0629" * 60
    + "\n\n```\n"
    + "code " * 200
    + "\n```",
)
# Elements that scroll; a text being written may be longer than its field.
SCROLLERS = """[...document.querySelectorAll("*:not(textarea)")].filter((box) => {
  const { overflowX, overflowY } = getComputedStyle(box);
  const scrolls = (how) => ["auto", "scroll"].includes(how);
  return (scrolls(overflowY) && box.scrollHeight > box.clientHeight)
    || (scrolls(overflowX) && box.scrollWidth > box.clientWidth);
}).map((box) => box.tagName)"""
Enter = Callable[..., Person]
Install = Callable[..., None]


@pytest.mark.parametrize("key", ["alpha", "beta"])
def test_an_administrator_installs_with_one_click(person: Enter, bitrix24: Emulator, key: str) -> None:
    admin = person(key, ADMIN)
    admin.install()

    expect(admin.slider("/app/").locator(".pill")).to_be_visible()
    known = bitrix24.control.installation(key)
    assert known["installed"] is True
    # beta is too old to know links to applications.
    placements = ["IM_SIDEBAR", "REST_APP_URI"] if key == "alpha" else ["IM_SIDEBAR"]
    assert [each["placement"] for each in known["placements"]] == placements


def test_an_employee_is_refused_to_install(
    person: Enter, bitrix24: Emulator, live_application: Application
) -> None:
    priya = person("alpha", PRIYA)
    priya.market()
    expect(priya.page.locator("[data-note]").first).to_have_text(
        "Ask your administrator to install this application."
    )
    expect(priya.page.get_by_role("button", name="Install", exact=True)).to_have_count(0)

    # Whoever goes round the Market meets our own refusal: the wizard is open, the token an employee's.
    form = bitrix24.control.install("alpha", user_id=ADMIN)
    token = bitrix24.control.tokens("alpha", PRIYA)
    answer = priya.page.request.post(form["url"], form=form["fields"] | {"AUTH_ID": token["access_token"]})
    assert answer.status == 403
    assert "not_administrator" in answer.text()
    assert bitrix24.control.installation("alpha")["placements"] == []


def test_a_note_is_seen_by_a_fellow_member_and_not_by_an_outsider(
    person: Enter, installed_by_click: Install, bitrix24: Emulator
) -> None:
    installed_by_click()
    write(person("alpha", PRIYA).open(GROUP), "Contract ends in **May**")

    expect(person("alpha", MEI).open(GROUP).locator("#notes strong")).to_have_text("May")

    # The messenger shows Lucia no such chat, so she posts the form of a dialog she chose herself.
    lucia = person("alpha", LUCIA)
    form = bitrix24.control.open("alpha", LUCIA, GROUP)
    answer = lucia.page.request.post(form["url"], form=form["fields"])
    assert answer.status == 403
    assert "May" not in answer.text()


def test_an_outsider_sees_the_refusal_as_a_page(
    person: Enter, installed_by_click: Install, bitrix24: Emulator
) -> None:
    """Lucia's sidebar is open when she is taken out of the chat."""
    installed_by_click()
    bitrix24.control.members("alpha", 22, add=[LUCIA])
    lucia = person("alpha", LUCIA)
    lucia.chat(GROUP)
    bitrix24.control.members("alpha", 22, remove=[LUCIA])
    lucia.page.locator("[data-app]").click()

    frame = lucia.page.frame_locator("[data-app-frame] iframe")
    expect(frame.get_by_role("heading", name="You have no access to this chat")).to_be_visible()
    assert any(problem.startswith("403") for problem in lucia.watch.problems)
    lucia.watch.problems.clear()


def test_private_chats_with_the_same_dialog_id_stay_apart(person: Enter, installed_by_click: Install) -> None:
    """Priya with Mei and Tomas with Mei: both name their chat ``7``."""
    installed_by_click()
    write(person("alpha", PRIYA).open(str(MEI)), "between Priya and Mei")

    expect(person("alpha", MEI).open(str(PRIYA)).locator("#notes")).to_contain_text("between Priya and Mei")
    expect(person("alpha", TOMAS).open(str(MEI)).locator("#empty")).to_be_visible()


def test_two_portals_side_by_side(person: Enter, installed_by_click: Install) -> None:
    for key in ("alpha", "beta"):
        installed_by_click(key)
        write(person(key, ADMIN).open("chat21"), f"of {key}")

    for key in ("alpha", "beta"):
        notes = person(key, ADMIN).open("chat21").locator("#notes > li .prose")
        expect(notes).to_have_text([f"of {key}"])


def test_a_note_is_edited_and_deleted(person: Enter, installed_by_click: Install) -> None:
    installed_by_click()
    frame = person("alpha", PRIYA).open(GROUP)
    write(frame, "first words")

    frame.get_by_role("button", name="Edit").click()
    frame.get_by_role("textbox", name="Text of the note").fill("better words")
    frame.locator(".editor").get_by_role("button", name="Save").click()
    expect(frame.locator("#notes .note-text")).to_have_text("better words")

    frame.get_by_role("button", name="Delete").click()
    frame.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(frame.get_by_role("button", name="Undo")).to_be_visible()


def test_nothing_moves_and_nothing_is_too_wide(person: Enter, installed_by_click: Install) -> None:
    installed_by_click()
    priya = person("alpha", PRIYA)
    for text in WIDE:
        write(priya.open(GROUP), text)

    frame = priya.open(GROUP)
    element = priya.page.locator("[data-app-frame] iframe")
    frame.wait_for_timeout(500)
    assert layout_shift(frame) == 0
    for note, action in enumerate(("Edit", "Delete", "More")):
        frame.locator(".note").nth(note).get_by_role("button", name=action).click()
    frame.get_by_role("button", name="History").click()
    expect(frame.locator(".version-text")).to_be_visible()
    for width in (320, 360, 400, 480):
        element.evaluate("(frame, width) => { frame.style.width = `${width}px`; }", width)
        frame.wait_for_function("(width) => innerWidth === width", arg=width)
        assert overflow(frame) <= 0, width
        assert frame.evaluate(SCROLLERS) == ["BODY", "TABLE"], width


def test_the_first_view_is_readable_without_javascript(
    person: Enter, installed_by_click: Install, bitrix24: Emulator
) -> None:
    installed_by_click()
    write(person("alpha", PRIYA).open(GROUP), "Read me **anyway**")

    reader = person("alpha", MEI, java_script_enabled=False).page
    form = bitrix24.control.open("alpha", MEI, GROUP)
    answer = reader.request.post(form["url"], form=form["fields"])
    reader.route("**/widget/?*", lambda route: route.fulfill(response=answer))
    reader.goto(form["url"])

    expect(reader.locator("#notes strong")).to_have_text("anyway")
    expect(reader.locator("#composer")).to_be_hidden()


def test_a_session_that_ended_is_renewed_through_the_parent_window(
    person: Enter, installed_by_click: Install, bitrix24: Emulator
) -> None:
    installed_by_click()
    priya = person("alpha", PRIYA)
    priya.page.clock.install()
    frame = priya.open(GROUP)
    renewals: list[str] = []
    priya.page.on(
        "request", lambda request: renewals.append(request.url) if "session/" in request.url else None
    )

    priya.page.clock.fast_forward("16:00")
    write(frame, "after a long pause")

    assert len(renewals) == 1


def test_a_session_the_server_no_longer_knows_is_renewed(
    person: Enter, installed_by_click: Install, live_application: Application
) -> None:
    """All sessions end with the key that signed them."""
    installed_by_click()
    priya = person("alpha", PRIYA)
    frame = priya.open(GROUP)
    key = live_application.environment["SECRET_KEY"]
    live_application.restart(SECRET_KEY="another-key-" + "y" * 50)
    try:
        write(frame, "under a new key")
    finally:
        live_application.restart(SECRET_KEY=key)
    # an open page may ask for news while the application is down
    problems = [problem for problem in priya.watch.problems if "ERR_CONNECTION_REFUSED" not in problem]
    assert problems, "nobody refused the old session"
    assert all("401" in problem for problem in problems)
    priya.watch.problems.clear()


def test_everything_is_there_again_after_a_restart(
    person: Enter, installed_by_click: Install, live_application: Application, bitrix24: Emulator
) -> None:
    installed_by_click()
    priya = person("alpha", PRIYA)
    write(priya.open(GROUP), "written before")
    priya.page.close()

    live_application.stop()
    bitrix24.stop()
    bitrix24.start()
    live_application.start()

    expect(person("alpha", MEI).open(GROUP).locator("#notes .note-text")).to_have_text("written before")
