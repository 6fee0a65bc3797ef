"""The notebook in Chromium: two members of one chat side by side."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.opens import Opens
from widget.models import Chat, Note

pytestmark = pytest.mark.django_db(transaction=True)

# Playwright's loop runs in the thread of the tests, which reach the database from it all the same.


@pytest.fixture(autouse=True)
def _database_beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests seed rows while a page is open; for them alone, other tests share this process."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


PRIYA, MEI = 3, 7
Member = Callable[..., Page]


@pytest.fixture
def member(
    browser: Browser,
    opens: Opens,
    live_server: Any,
) -> Iterator[Member]:
    """A window with the sidebar of chat 22, as a member sees it. Whatever the console says fails the test."""
    opens.install()
    opens.emulator.control.install_finish("alpha", user_id=1)
    contexts = []
    said: list[str] = []

    def open_as(user_id: int, **options: Any) -> Page:
        form = opens.form("alpha", user_id, "chat22")
        url = urlsplit(form["url"])
        context = browser.new_context(**({"viewport": {"width": 400, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(error.stack or str(error)))
        page.set_content(f'<form method="post" action="{live_server.url}{url.path}?{url.query}"></form>')
        fields = form["fields"]
        page.evaluate(
            """(fields) => {
              const form = document.forms[0];
              for (const [name, value] of Object.entries(fields)) {
                const input = document.createElement("input");
                input.type = "hidden"; input.name = name; input.value = value; form.append(input);
              }
              form.submit();
            }""",
            fields,
        )
        page.wait_for_selector("#notebook[data-live]")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert said == []


def write(page: Page, text: str) -> None:
    page.get_by_label("New note").fill(text)
    page.get_by_label("New note").press("Control+Enter")


def test_what_one_writes_the_other_ticks(member: Member) -> None:
    priya, mei = member(PRIYA), member(MEI)
    write(priya, "**Move**\n\n- [ ] rent\n- [ ] keys")

    mei.get_by_label("keys").check(timeout=10_000)

    expect(priya.get_by_label("keys")).to_be_checked(timeout=10_000)
    expect(priya.locator(".note")).to_have_count(1)
    expect(priya.locator(".note-editor")).to_have_text(Note.objects.get().editor_name)
    priya.get_by_label("rent").check()
    expect(mei.get_by_label("rent")).to_be_checked(timeout=10_000)
    assert Note.objects.get().open_points == 0


def test_find_pin_delete_undo(member: Member) -> None:
    page = member(PRIYA)
    for text in ("first words", "- [ ] second", "third"):
        write(page, text)
        expect(page.locator(".note[data-note]").first).to_contain_text(text.removeprefix("- [ ] "))

    page.get_by_role("searchbox").fill("FIRST")
    expect(page.locator(".note")).to_have_count(1)
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_text("No note fits").last).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("checkbox", name="Open points").click()
    expect(page.locator(".note")).to_have_count(1)
    page.get_by_role("checkbox", name="Open points").click()
    expect(page.locator(".note")).to_have_count(3)

    oldest = page.locator(".note").last
    oldest.get_by_role("button", name="More").click()
    oldest.get_by_role("button", name="Pin on top").click()
    expect(page.locator(".note").first).to_contain_text("first words")

    third = page.locator(".note", has_text="third")
    third.get_by_role("button", name="Delete").click()
    third.get_by_role("button", name="Delete").last.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".note", has_text="third")).to_be_visible()
    assert Note.objects.filter(deleted_at=None).count() == 3


def test_news_and_a_search_leave_alone_what_is_being_written(member: Member) -> None:
    priya, mei = member(PRIYA), member(MEI)
    write(priya, "draft")
    note = priya.locator(".note", has=priya.get_by_role("button", name="Save"))
    priya.get_by_role("button", name="Edit").click()
    note.get_by_label("Text of the note").fill("mine")
    write(mei, "news")
    expect(priya.locator(".note", has_text="news")).to_be_visible(timeout=10_000)
    priya.get_by_role("searchbox").fill("news")
    expect(note.get_by_label("Text of the note")).to_have_value("mine")
    note.get_by_role("button", name="Save").click()
    expect(priya.locator(".note", has_text="mine")).to_be_visible()


def test_history_shows_changes_and_restores(member: Member) -> None:
    page = member(PRIYA)
    write(page, "Rent is 900")
    note = page.locator(".note")
    note.get_by_role("button", name="Edit").click()
    note.get_by_label("Text of the note").fill("Rent is 950")
    note.get_by_role("button", name="Save").click()
    note.get_by_role("button", name="More").click()
    note.get_by_role("button", name="History").click()
    expect(note.locator("ins")).to_have_text("950")
    expect(note.locator("del")).to_have_text("900")
    note.locator(".version-head").last.click()
    note.get_by_role("button", name="Restore this version").last.click()
    expect(note.locator(".note-text")).to_have_text("Rent is 900")


def test_preview_and_pasted_link(member: Member) -> None:
    page = member(PRIYA)
    area = page.get_by_label("New note")
    area.fill("our **site**")
    area.press("Control+A")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", "https://example.com/a_(b)");
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(area).to_have_value("[our **site**](https://example.com/a_%28b%29)")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview a")).to_have_attribute("href", "https://example.com/a_%28b%29")
    expect(page.locator(".preview strong")).to_have_text("site")


def test_a_thousand_notes_and_thousands_of_boxes(member: Member) -> None:
    page = member(PRIYA)
    chat = Chat.objects.get()
    text = "\n".join(f"- [ ] p{n}" for n in range(2_000))
    Note.objects.bulk_create(
        Note(chat=chat, text=text if n > 995 else f"note {n}", html="", author_id=3, author_name="Priya")
        for n in range(1_000)
    )
    page.close()
    page = member(PRIYA)
    page.locator(".note").nth(3).get_by_label("p1999").check()
    expect(page.locator(".note").nth(3)).to_have_attribute("data-version", "2")
    page.get_by_role("button", name="Show older notes").click()
    expect(page.locator(".note")).to_have_count(100)
