"""The application page, walked as an administrator and as an employee."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Frame, expect

from tests.support.browser import Person, beside, write
from widget.models import Chat, Note

ADMIN, PRIYA, MEI = 1, 3, 7
Enter = Callable[..., Person]


def application(somebody: Person) -> Frame:
    """The application page in the Market's slider, once its script runs."""
    somebody.market()
    somebody.page.locator("[data-product]").first.locator("[data-action=open]").click()
    return somebody.slider("/app/")


@pytest.fixture
def admin(person: Enter) -> Person:
    helena = person("alpha", ADMIN)
    helena.install()
    return helena


def test_settings_change_the_item_in_the_sidebar(admin: Person, person: Enter) -> None:
    page = application(admin)
    page.get_by_label("Title").fill("Team notes")
    page.get_by_label("All chats").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings-status")).to_have_text("Choose at least one kind of chat.")
    page.get_by_label("Group chats").check()
    page.get_by_title("Dark blue").click()
    expect(page.locator("#preview-title")).to_have_text("Team notes")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings-status")).to_contain_text("Saved.")

    priya = person("alpha", PRIYA)
    priya.chat("chat22")
    expect(priya.page.locator("[data-app]")).to_have_text("Team notes")
    write(priya.open("chat22"), "in a group")
    priya.chat(str(MEI))
    expect(priya.page.locator("[data-applications]")).to_be_attached()
    expect(priya.page.locator("[data-app]")).to_have_count(0)

    again = application(admin)
    expect(again.get_by_label("Title")).to_have_value("Team notes")
    expect(again.get_by_role("radio", name="Dark blue")).to_be_checked()
    expect(again.get_by_label("Group chats")).to_be_checked()


def test_the_export_is_a_file_of_what_the_administrator_may_read(
    admin: Person, person: Enter, tmp_path: Path
) -> None:
    write(admin.open("chat21"), "for all")
    write(person("alpha", PRIYA).open(str(MEI)), "between two")

    def fill() -> None:
        """More chats than are asked about at once."""
        portal = Chat.objects.first().portal  # type: ignore[union-attr]
        chats = Chat.objects.bulk_create(Chat(portal=portal, chat_id=n) for n in range(1000, 1060))
        Note.objects.bulk_create(
            Note(chat=chat, text="x", html="x", author_id=3, author_name="Priya") for chat in chats
        )

    beside(fill)
    page = application(admin)
    with admin.page.expect_download() as download:
        page.get_by_role("button", name="Download as a file").click()

    download.value.save_as(tmp_path / "export.json")
    assert download.value.suggested_filename == "chat-notebook.json"
    exported = json.loads((tmp_path / "export.json").read_text())
    texts = [chat["notes"] and chat["notes"][0]["text"] for chat in exported["chats"]]
    assert texts == ["for all", None] + 60 * [None]
    assert exported["portal"]["status"] == "active"
    expect(page.locator("#data-status")).to_have_text("The file is in your downloads.")


def test_erasing_asks_first(admin: Person) -> None:
    write(admin.open("chat21"), "soon gone")
    page = application(admin)

    page.get_by_role("button", name="Erase all notes").click()
    expect(page.get_by_text("Nobody can bring them back.")).to_be_visible()
    expect(page.get_by_role("button", name="Keep them")).to_be_focused()
    page.get_by_role("button", name="Keep them").click()
    expect(page.get_by_text("Nobody can bring them back.")).to_be_hidden()
    assert beside(Note.objects.count) == 1

    page.get_by_role("button", name="Erase all notes").click()
    page.get_by_role("button", name="Erase for ever").click()
    expect(page.locator("#data-status")).to_have_text("All notes are erased.")
    assert beside(Note.objects.count) == 0
    expect(admin.open("chat21").locator("#empty")).to_be_visible()


def test_an_employee_gets_the_guide_and_nothing_to_change(admin: Person, person: Enter) -> None:
    page = application(person("alpha", PRIYA))
    expect(page.get_by_role("heading", name="Where to find it")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.locator("form")).to_have_count(0)
