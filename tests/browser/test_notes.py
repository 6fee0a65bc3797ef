"""The notebook in Chromium: two members of one chat side by side in the emulated messenger."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Frame, Locator, expect

from tests.support.browser import Person, beside, layout_shift
from widget.models import Chat, Note, NoteRevision
from widget.notebook.markdown import render

PRIYA, LUCIA, MEI = 3, 5, 7
NEWS_MS = 15_000
Member = Callable[[int], Frame]


@pytest.fixture
def member(person: Callable[..., Person], installed_by_click: Callable[..., None]) -> Member:
    """The sidebar of chat 22 in a window of its own, as a member sees it."""
    installed_by_click()

    def open_as(user_id: int) -> Frame:
        return live(person("alpha", user_id), "chat22")

    return open_as


def live(member: Person, dialog_id: str) -> Frame:
    """The sidebar of a chat, once its script runs."""
    frame = member.open(dialog_id)
    frame.wait_for_selector("#notebook[data-live]")
    return frame


def write(frame: Frame, text: str) -> Locator:
    """Save a note by keyboard; the note."""
    area = frame.get_by_label("New note")
    area.click()
    area.fill(text)
    area.press("Control+Enter")
    expect(frame.locator(".note[aria-busy]")).to_have_count(0)
    saved = frame.locator(".note", has_text=text.splitlines()[0].strip("*-[] ")).get_attribute("id")
    return frame.locator(f"#{saved}")


def edit(note: Locator, text: str) -> None:
    note.get_by_role("button", name="Edit").click()
    note.get_by_label("Text of the note").fill(text)
    note.get_by_role("button", name="Save", exact=True).click()


def more(note: Locator, action: str) -> None:
    note.get_by_role("button", name="More").click()
    note.get_by_role("button", name=action).click()


def forgive(people: list[Person], status: str) -> None:
    """Take a refusal that the test wanted, as the network log shows it, off what windows complain about."""
    for each in people:
        each.watch.problems[:] = [line for line in each.watch.problems if status not in line]


def news(frame: Frame) -> Locator:
    return frame.locator("#news button")


def test_what_one_writes_the_other_ticks(member: Member) -> None:
    priya, mei = member(PRIYA), member(MEI)
    write(priya, "**Move**\n\n- [ ] rent\n- [ ] keys")

    mei.get_by_label("keys").check(timeout=NEWS_MS)

    expect(priya.get_by_label("keys")).to_be_checked(timeout=NEWS_MS)
    expect(priya.locator(".note")).to_have_count(1)
    expect(priya.locator(".note-editor")).to_have_text("Mei Tanaka")
    priya.get_by_label("rent").check()
    expect(mei.get_by_label("rent")).to_be_checked(timeout=NEWS_MS)
    assert beside(lambda: Note.objects.get().open_points) == 0


def test_find_by_words_and_open_points(member: Member) -> None:
    frame = member(PRIYA)
    for text in ("first words", "- [ ] second", "third"):
        write(frame, text)

    frame.get_by_role("searchbox").fill("FIRST")
    expect(frame.locator(".note")).to_have_count(1)
    frame.get_by_role("searchbox").fill("nowhere")
    expect(frame.get_by_text("No note fits").last).to_be_visible()
    frame.get_by_role("searchbox").fill("")
    frame.get_by_role("checkbox", name="Open points").click()
    expect(frame.locator(".note")).to_have_count(1)
    frame.get_by_role("checkbox", name="Open points").click()
    expect(frame.locator(".note")).to_have_count(3)


def test_pinned_by_one_first_for_both(member: Member) -> None:
    priya = member(PRIYA)
    oldest = write(priya, "keep me on top").get_attribute("id")
    write(priya, "newest")
    mei = member(MEI)
    expect(mei.locator(".note")).to_have_count(2)

    more(priya.locator(f"#{oldest}"), "Pin on top")
    expect(priya.locator(".note").first).to_have_attribute("id", str(oldest))

    expect(news(mei)).to_be_visible(timeout=NEWS_MS)
    news(mei).click()
    expect(mei.locator(".note").first).to_have_attribute("id", str(oldest))


def test_deleted_and_taken_back(member: Member) -> None:
    priya, mei = member(PRIYA), member(MEI)
    note = write(priya, "precious")
    expect(mei.locator(".note")).to_have_count(1, timeout=NEWS_MS)

    note.get_by_role("button", name="Delete").click()
    note.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(news(mei)).to_be_visible(timeout=NEWS_MS)
    news(mei).click()
    expect(mei.locator(".note")).to_have_count(0)

    priya.get_by_role("button", name="Undo").click()
    expect(priya.locator(".note", has_text="precious")).to_be_visible()
    expect(mei.locator(".note", has_text="precious")).to_be_visible(timeout=NEWS_MS)


def test_news_wait_for_the_reader_and_move_nothing(member: Member) -> None:
    priya = member(PRIYA)
    write(priya, "what I am reading")
    write(priya, "and another\n\n- [ ] point")
    mei = member(MEI)
    mine = priya.locator(".note", has_text="what I am")
    top = mine.bounding_box()

    write(mei, "news")
    edit(mei.locator(".note", has_text="what I am"), "longer by far\n\nand longer\n\nand longer")
    mei.get_by_label("point", exact=True).check()

    expect(priya.get_by_label("point", exact=True)).to_be_checked(timeout=NEWS_MS)
    expect(news(priya)).to_have_text("Show changes: 2", timeout=NEWS_MS)
    assert mine.bounding_box() == top
    assert layout_shift(priya) == 0

    news(priya).click()
    expect(priya.locator(".note").first).to_contain_text("news")
    expect(priya.locator(".note").last).to_contain_text("longer by far")
    expect(news(priya)).to_be_hidden()
    expect(priya.locator(".note").first).to_be_focused()
    assert layout_shift(priya) == 0


def test_news_and_a_search_leave_alone_what_is_being_written(member: Member) -> None:
    priya, mei = member(PRIYA), member(MEI)
    write(priya, "draft")
    note = priya.locator(".note", has=priya.get_by_role("button", name="Save"))
    priya.get_by_role("button", name="Edit").click()
    note.get_by_label("Text of the note").fill("mine")
    write(mei, "news")
    news(priya).click(timeout=NEWS_MS)
    expect(priya.locator(".note", has_text="news")).to_be_visible()
    priya.get_by_role("searchbox").fill("news")
    expect(note.get_by_label("Text of the note")).to_have_value("mine")
    note.get_by_role("button", name="Save").click()
    expect(priya.locator(".editor")).to_have_count(0)
    priya.get_by_role("searchbox").fill("")
    expect(priya.locator(".note", has_text="mine")).to_be_visible(timeout=NEWS_MS)


def test_two_editors_of_one_note_see_both_versions(
    person: Callable[..., Person], installed_by_click: Callable[..., None]
) -> None:
    installed_by_click()
    people = [person("alpha", PRIYA), person("alpha", MEI)]
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "Rent is 900")
    theirs = mei.locator(".note")
    expect(theirs).to_have_count(1, timeout=NEWS_MS)
    priya.get_by_role("button", name="Edit").click()
    priya.get_by_label("Text of the note").fill("Rent is 950")
    edit(theirs, "Rent is 990")
    expect(theirs.locator(".note-text")).to_have_text("Rent is 990")

    editor = priya.locator(".editor")
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator(".conflict .prose")).to_have_text("Rent is 990")
    assert beside(lambda: Note.objects.get().text) == "Rent is 990"
    editor.get_by_role("button", name="Save mine over it").click()

    expect(priya.locator(".note-text")).to_have_text("Rent is 950")
    expect(theirs.locator(".note-text")).to_have_text("Rent is 950", timeout=NEWS_MS)
    assert beside(lambda: Note.objects.get().version) == 3
    forgive(people, "409")


def test_history_shows_changes_and_restores(member: Member) -> None:
    note = write(member(PRIYA), "Rent is 900")
    edit(note, "Rent is 950")
    expect(note.locator(".note-edited")).to_be_visible()
    beside(lambda: NoteRevision.objects.update(written_at=timezone.now() - timedelta(hours=1)))
    more(note, "History")
    expect(note.locator("ins")).to_have_text("950")
    expect(note.locator("del")).to_have_text("900")
    note.locator(".version-head").last.click()
    note.get_by_role("button", name="Restore this version").last.click()
    expect(note.locator(".note-text")).to_have_text("Rent is 900")


def test_preview_and_pasted_link(member: Member) -> None:
    frame = member(PRIYA)
    area = frame.get_by_label("New note")
    area.fill("our **site**")
    area.press("Control+A")
    frame.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", "https://example.com/a_(b)");
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(area).to_have_value("[our **site**](https://example.com/a_%28b%29)")
    frame.get_by_role("button", name="Preview").click()
    expect(frame.locator(".preview a")).to_have_attribute("href", "https://example.com/a_%28b%29")
    expect(frame.locator(".preview strong")).to_have_text("site")


def test_a_copied_link_leads_a_member_to_the_note_and_nobody_else(
    person: Callable[..., Person], installed_by_click: Callable[..., None]
) -> None:
    installed_by_click()
    priya, mei, lucia = person("alpha", PRIYA), person("alpha", MEI), person("alpha", LUCIA)
    frame = live(priya, "chat22")
    note = write(frame, "the one that matters")
    write(frame, "another")
    more(note, "Copy link")
    expect(note.locator(".note-said")).to_have_text("Copied. Paste it into the chat.")
    frame.get_by_label("New note").click()
    priya.page.keyboard.press("Control+V")
    link = frame.get_by_label("New note").input_value()

    mei.page.goto(f"{link}&as={MEI}")
    shown = mei.slider("/widget/")
    expect(shown.locator(".note")).to_have_count(1)
    expect(shown.locator(".note")).to_contain_text("the one that matters")
    expect(shown.locator(".note")).to_be_focused()
    write(shown, "found it")
    shown.get_by_role("button", name="Show all notes").click()
    expect(shown.locator(".note")).to_have_count(3)
    shown.get_by_role("button", name="Open the chat").click()
    mei.page.wait_for_url("**/online/?*dialog=chat22*")

    lucia.page.goto(f"{link}&as={LUCIA}")
    refused = lucia.slider("/widget/")
    expect(refused.get_by_role("heading", name="You have no access to this chat")).to_be_visible()
    assert "matters" not in refused.content()
    forgive([lucia], "403")


def test_a_draft_outlives_the_closed_sidebar(
    person: Callable[..., Person], installed_by_click: Callable[..., None]
) -> None:
    installed_by_click()
    priya = person("alpha", PRIYA)
    frame = live(priya, "chat22")
    # The browser refuses storage to a frame of another site; Bitrix24 keeps the draft.
    with priya.page.expect_response("**/_ui/option"):
        frame.get_by_label("New note").fill("half a thou")

    frame = live(priya, "chat21")
    expect(frame.get_by_label("New note")).to_have_value("")
    frame = live(priya, "chat22")
    expect(frame.get_by_label("New note")).to_have_value("half a thou")
    assert layout_shift(frame) == 0
    # Slow as a machine may be, the text may be kept once more before it is saved.
    with priya.page.expect_response(
        lambda answer: "/_ui/option" in answer.url and "half" not in (answer.request.post_data or "")
    ):
        write(frame, "half a thought")
    expect(live(priya, "chat22").get_by_label("New note")).to_have_value("")


def test_a_thousand_notes_and_thousands_of_boxes(member: Member) -> None:
    member(PRIYA)

    def fill() -> None:
        chat = Chat.objects.get()
        Chat.objects.update(revision=1_000)
        text = "\n".join(f"- [ ] p{n}" for n in range(2_000))
        boxes = render(text).html
        Note.objects.bulk_create(
            Note(chat=chat, text=text if n > 995 else f"note {n}", html=boxes if n > 995 else f"<p>note {n}</p>",
                 author_id=3, author_name="Priya")
            for n in range(1_000)
        )  # fmt: skip

    beside(fill)
    frame = member(PRIYA)
    expect(frame.locator(".note")).to_have_count(50)
    frame.locator(".note").nth(3).get_by_label("p1999").check()
    expect(frame.locator(".note").nth(3)).to_have_attribute("data-version", "2")
    frame.get_by_role("button", name="Show older notes").click()
    expect(frame.locator(".note")).to_have_count(100)
    # What is far away is laid out when it comes near.
    assert frame.locator(".note").last.evaluate("note => getComputedStyle(note).contentVisibility") == "auto"
