"""Words in the rich editor are not lost, whatever others do meanwhile, and change nothing that was not touched."""

from collections.abc import Callable

from django.utils import timezone
from playwright.sync_api import Frame, Locator, expect

from portals.models import Portal
from tests.support.browser import Person, beside
from tests.support.emulator import Emulator
from tests.support.writing import GROUP, paste, press, saved, writing
from widget.models import Note

PRIYA, MEI = 3, 7
Enter = Callable[..., Person]
# Edits the only note through the API, with the session of the page.
EDITS = """async ([text, version]) => {
    const { api, session } = JSON.parse(document.getElementById("frame-data").textContent);
    const id = document.querySelector(".note").dataset.note;
    const answer = await fetch(`${api}notes/${id}/`, {
        method: "PATCH",
        headers: { Authorization: `Bearer ${session}`, "Content-Type": "application/json" },
        body: JSON.stringify({ text, version }),
    });
    if (!answer.ok) throw new Error(await answer.text());
}"""


def other_writes(person: Enter, text: str, *, version: int) -> None:
    """Mei changes the only note, as another window of hers would."""
    frame = person("alpha", MEI).open(GROUP)
    frame.evaluate(EDITS, [text, version])


def edited(somebody: Person) -> tuple[Frame, Locator]:
    """The only note, its editor open."""
    frame = somebody.open(GROUP)
    frame.locator(".note").get_by_role("button", name="Edit").click()
    text = frame.locator(".editor .rich-text")
    expect(text).to_be_focused()
    return frame, text


def noted(somebody: Person, words: str) -> None:
    frame = somebody.open(GROUP)
    paste(writing(frame), plain=words)
    saved(somebody, frame)


def test_an_edit_changes_what_was_touched_and_nothing_else(priya: Person, person: Enter) -> None:
    source = "*  one\n*  two\n\nSetext\n------\n\n<div>kept</div>\n\n    code\n\nlast __words__"
    tools = person("alpha", MEI).open(GROUP)
    tools.get_by_role("textbox", name="New note").fill(source)
    tools.get_by_role("button", name="Save").click()
    tools.locator(".note[data-note]").wait_for()
    frame = priya.open(GROUP)
    frame.locator(".note").get_by_role("button", name="Edit").click()
    text = frame.locator(".editor .rich-text")
    expect(text).to_be_focused()
    text.press_sequentially(" and more")
    press(priya, "Control+Enter")
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: Note.objects.get().text) == source.replace(
        "last __words__", "last **words and more**"
    )


def test_a_draft_comes_back_into_the_rich_text_and_undo_does_not_go_behind_it(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    press(priya, "Control+b")
    text.press_sequentially("kept")
    with priya.page.expect_response(lambda answer: "/_ui/option" in answer.url):
        pass
    frame = priya.open(GROUP)
    text = writing(frame)
    expect(text.locator("strong")).to_have_text("kept")
    press(priya, "Control+z")
    expect(text.locator("strong")).to_have_text("kept")
    text.press_sequentially("!")
    press(priya, "Control+z")
    expect(text.locator("strong")).to_have_text("kept")
    assert saved(priya, frame) == "**kept**"


def test_what_does_not_clash_is_merged_and_of_what_does_both_are_shown(priya: Person, person: Enter) -> None:
    noted(priya, "## Plan\n\nOne **bold** line\n\nAnother")
    frame, text = edited(priya)
    text.press_sequentially(" of mine")
    other_writes(person, "## Plan B\n\nOne **bold** line\n\nAnother", version=1)
    press(priya, "Control+Enter")
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: Note.objects.get().text) == "## Plan B\n\nOne **bold** line\n\nAnother of mine"

    frame, text = edited(priya)
    text.press_sequentially("!")
    other_writes(person, "## Plan B\n\nOne **bold** line\n\nAnother of hers", version=3)
    press(priya, "Control+Enter")
    expect(frame.locator(".conflict")).to_be_visible()
    expect(frame.locator(".editor .rich-text strong")).to_have_text("bold")
    frame.locator(".editor .rich-text > p").last.click()
    press(priya, "End")
    text.press_sequentially("?")
    press(priya, "Control+Enter")
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: Note.objects.get().text) == "## Plan B\n\nOne **bold** line\n\nAnother of mine!?"
    priya.watch.problems = [each for each in priya.watch.problems if "409" not in each]


def test_words_of_a_note_that_somebody_deletes_become_a_new_one(priya: Person) -> None:
    noted(priya, "first")
    frame, text = edited(priya)
    press(priya, "Control+b")
    text.press_sequentially(" and more")
    beside(lambda: Note.objects.update(deleted_at=timezone.now(), deleter_name="Mei"))
    press(priya, "Control+Enter")
    frame.get_by_role("button", name="Save as a new note").click()
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: Note.objects.get(deleted_at=None).text) == "first **and more**"
    priya.watch.problems = [each for each in priya.watch.problems if "404" not in each]


def test_an_edit_is_open_again_after_a_reload_and_thrown_away_by_who_says_so_twice(priya: Person) -> None:
    noted(priya, "- [ ] first")
    frame, text = edited(priya)
    with priya.page.expect_response(lambda answer: "/_ui/option" in answer.url):
        press(priya, "Enter")
        text.press_sequentially("second")
    frame = priya.open(GROUP)
    text = frame.locator(".editor .rich-text")
    expect(text.locator("li")).to_have_text(["first", "second"])
    text.click()
    press(priya, "Escape")
    expect(frame.locator(".editor")).to_have_count(1)
    press(priya, "Escape")
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: Note.objects.get().text) == "- [ ] first"


def test_who_is_removed_from_the_chat_can_copy_what_was_not_saved(priya: Person, bitrix24: Emulator) -> None:
    noted(priya, "first")
    frame, text = edited(priya)
    text.press_sequentially(" and more")
    frame.locator("#composer").get_by_role("textbox").click()
    composer = frame.locator("#composer .rich-text")
    expect(composer).to_be_focused()
    press(priya, "Control+i")
    composer.press_sequentially("new")
    bitrix24.control.members("alpha", 22, remove=[PRIYA])
    beside(lambda: Portal.objects.update(status_changed_at=timezone.now()))
    press(priya, "Control+Enter")
    words = frame.get_by_label("You had not saved this:")
    expect(words).to_be_visible(timeout=20_000)
    assert {"*new*", "first and more"} <= set(words.input_value().split("\n\n"))
    priya.watch.problems.clear()


def test_an_address_that_somebody_else_made_dangerous_is_no_link_while_it_is_edited(priya: Person) -> None:
    source = "[press](javascript:alert(1)) [me](https://a.de) [and](data:text/html,x)"
    noted(priya, "first")
    beside(lambda: Note.objects.update(text=source))
    frame, text = edited(priya)
    assert text.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))") == [
        None,
        "https://a.de",
        None,
    ]
    text.press_sequentially("!")
    press(priya, "Control+Enter")
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: Note.objects.get().text).startswith("[press](")
