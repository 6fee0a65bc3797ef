"""Writing without Markdown: what somebody does who has never heard of it, and what is stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Frame, Locator, expect

from portals.models import Portal
from tests.support.browser import Person, axe_violations, beside, overflow
from tests.support.emulator import Emulator
from widget.models import Note

PRIYA, MEI = 3, 7
GROUP = "chat22"
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
# Scripts, styles and a picture that would tell who reads; a list as Word has it; a table of a spreadsheet.
WORD = """<html><head><style>p {color: red}</style></head><body>
<!--StartFragment--><p class=MsoNormal><b>Minutes</b><o:p></o:p><img src="https://spy.example/x.png" width=1></p>
<p class=MsoList style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>  </span></span>first</p>
<p class=MsoList style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>o<span>  </span></span>below</p>
<p class=MsoList style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>  </span></span>second</p>
<script>document.title = "stolen"</script><a href="javascript:alert(1)">no link</a> <a href="https://a.de">link</a>
<!--EndFragment--></body></html>"""
SHEET = """<table><col width=80><tr height=20><td colspan=2 style='text-align:center'>May</td></tr>
<tr><td>stand</td><td align=right>900<br>EUR</td></tr></table>"""


@pytest.fixture(autouse=True)
def _installed(installed_by_click: Callable[..., None]) -> None:
    installed_by_click()


@pytest.fixture
def priya(person: Enter) -> Person:
    return person("alpha", PRIYA, markdown=False)


def writing(frame: Frame, name: str = "New note") -> Locator:
    """The rich text, once it has taken the place of the text field."""
    frame.get_by_role("textbox", name=name).click()
    text = frame.locator(".rich-text")
    expect(text).to_be_focused()
    return text


def tool(frame: Frame, name: str) -> None:
    frame.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def press(somebody: Person, *keys: str) -> None:
    for key in keys:
        somebody.page.keyboard.press(key)


def saved(somebody: Person, frame: Frame) -> str:
    count = beside(Note.objects.count)
    press(somebody, "Control+Enter")
    expect(frame.locator(".note[aria-busy]")).to_have_count(0)
    expect(frame.locator(".note[data-note]")).to_have_count(count + 1)
    return beside(lambda: Note.objects.latest("pk").text)


def paste(text: Locator, **data: str) -> None:
    text.evaluate(
        """(element, data) => {
            const clipboardData = new DataTransfer();
            for (const [kind, value] of Object.entries(data)) clipboardData.setData(`text/${kind}`, value);
            element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        data,
    )


MINUTES = """## 18 May

The **truck** is booked.

- [x] hotel
- [ ] van

| what | who |
| --- | --- |
| stand | Mei |"""
LOOKS: dict[str, dict[str, Any]] = {
    "writing": {"language": "en"},
    "writing-dark": {"language": "en", "color_scheme": "dark"},
    "writing-rtl": {"language": "ar"},
    "writing-narrow": {"language": "de"},
}


def test_minutes_with_a_table_and_three_boxes(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    tool(frame, "Heading")
    text.press_sequentially("Meeting of Monday")
    press(priya, "Enter")
    text.press_sequentially("We take the ")
    tool(frame, "Bold")
    text.press_sequentially("small truck")
    tool(frame, "Bold")
    text.press_sequentially(" this time.")
    press(priya, "Enter")
    tool(frame, "Table")
    for word in ("what", "who", "stand", "Mei", "lights"):
        text.press_sequentially(word)
        press(priya, "Tab")
    text.press_sequentially("Tomas")
    press(priya, "ArrowDown")
    tool(frame, "Checklist")
    for word in ("call the hotel", "order the van"):
        text.press_sequentially(word)
        press(priya, "Enter")
    text.press_sequentially("print the plan")
    frame.get_by_label("order the van").check()
    assert saved(priya, frame) == (
        "## Meeting of Monday\n\n"
        "We take the **small truck** this time.\n\n"
        "| what | who |\n| --- | --- |\n| stand | Mei |\n| lights | Tomas |\n\n"
        "- [ ] call the hotel\n- [x] order the van\n- [ ] print the plan"
    )
    expect(frame.locator(".rich-text")).to_have_text("")
    note = frame.locator(".note").first
    expect(note.locator("td")).to_have_text(["stand", "Mei", "lights", "Tomas"])
    assert note.locator("input").evaluate_all("boxes => boxes.map(box => box.checked)") == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_how_it_looks(person: Enter, look: str, pictures: Path, axe: None) -> None:
    options = dict(LOOKS[look])
    language = options.pop("language")
    priya = person("alpha", PRIYA, markdown=False, **options)
    frame = priya.open(GROUP, language)
    if look == "writing-narrow":
        priya.page.locator("iframe").evaluate("frame => { frame.style.width = '320px'; }")
    frame.locator("#composer textarea").click()
    priya.page.mouse.move(0, 0)
    text = frame.locator(".rich-text")
    expect(text).to_be_focused()
    paste(text, plain=MINUTES)
    text.press_sequentially(" ")
    assert axe_violations(frame) == []
    assert overflow(frame) <= 0
    priya.page.locator("iframe").screenshot(path=pictures / f"{look}.png")
    press(priya, "Control+End", "Enter")
    text.press_sequentially("/")
    expect(frame.get_by_role("listbox")).to_be_visible()
    frame.wait_for_timeout(200)
    assert axe_violations(frame) == []
    priya.page.locator("iframe").screenshot(path=pictures / f"{look}-menu.png")


def test_without_a_pointer(priya: Person) -> None:
    """The slash menu, keys for marks, the toolbar by Alt+F10, the list left by Enter twice."""
    frame = priya.open(GROUP)
    text = writing(frame)
    text.press_sequentially("/head")
    expect(frame.get_by_role("option", name="Heading", exact=True)).to_have_attribute("aria-selected", "true")
    press(priya, "Enter")
    text.press_sequentially("Plan")
    press(priya, "Enter")
    text.press_sequentially("/check")
    press(priya, "Enter")
    text.press_sequentially("one")
    press(priya, "Enter", "Tab")
    text.press_sequentially("below")
    press(priya, "Enter", "Shift+Tab", "Enter")
    text.press_sequentially("all in ")
    press(priya, "Control+b")
    text.press_sequentially("May")
    press(priya, "Control+b")
    text.press_sequentially(" or ")
    press(priya, "Alt+F10", "ArrowRight", "Enter")
    text.press_sequentially("June")
    assert saved(priya, frame) == "## Plan\n\n- [ ] one\n  - [ ] below\n\nall in **May** or *June*"


def test_markdown_that_is_typed_turns_into_what_it_means(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    lines = (
        "# Day",
        "**bold** and *it* ~~off~~ `x` [us](https://a.de)",
        "> said",
        "",
        "- [ ] box",
        "",
        "1. first",
        "",
        "---",
        "end",
    )
    for line in lines:
        text.press_sequentially(line)
        if line not in ("end", "---"):
            press(priya, "Enter")
    assert text.locator("h1, strong, em, s, code, a, blockquote, .rich-task, ol, hr").count() == 10
    assert saved(priya, frame) == (
        "# Day\n\n**bold** and *it* ~~off~~ `x` [us](https://a.de)\n\n> said\n\n- [ ] box\n\n1. first\n\n---\n\nend"
    )


def test_what_is_pasted_comes_in_clean(priya: Person) -> None:
    asked: list[str] = []
    priya.page.on("request", lambda request: asked.append(request.url))
    frame = priya.open(GROUP)
    text = writing(frame)
    paste(text, html=WORD, plain="")
    press(priya, "Control+End", "Enter")
    paste(text, html=SHEET, plain="")
    assert saved(priya, frame) == (
        "**Minutes**\n\n- first\n  - below\n- second\n\nno link [link](https://a.de)\n\n"
        "| May |  |\n| :-: | --- |\n| stand | 900 EUR |"
    )
    assert not [url for url in asked if "spy" in url]
    assert frame.title() != "stolen"


def test_pasted_text_is_markdown_if_it_looks_like_some_and_an_address_links_what_is_selected(
    priya: Person,
) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    paste(text, plain="2 * 3 * 4\nsnake_case_name")
    press(priya, "Enter")
    paste(text, plain="- [ ] one\n- [x] two")
    press(priya, "Enter", "Enter")
    text.press_sequentially("here")
    press(priya, "Shift+Home")
    paste(text, plain="https://example.com/a_b")
    assert saved(priya, frame) == (
        "2 * 3 * 4\nsnake_case_name\n\n- [ ] one\n- [x] two\n\n[here](https://example.com/a_b)"
    )


def test_megabytes_are_pasted_as_text_and_a_note_over_the_limit_is_not_saved(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    paste(text, html="<p>" + "<b>x</b>" * 300_000 + "</p>", plain="y" * 21_000)
    expect(frame.locator(".composer-count")).to_be_visible()
    press(priya, "Control+Enter")
    expect(frame.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
    assert text.locator("strong").count() == 0
    assert beside(Note.objects.count) == 0


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


def test_the_text_field_for_who_wants_it_and_back(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    press(priya, "Control+b")
    text.press_sequentially("bold")
    frame.get_by_role("button", name="Markdown").click()
    field = frame.locator("#composer textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value("**bold**")
    field.press_sequentially(" *it*")
    frame.get_by_role("button", name="Markdown").click()
    expect(frame.locator(".rich-text em")).to_have_text("it")
    frame.get_by_role("button", name="Markdown").click()
    # It is remembered on all pages, by Bitrix24 where the browser keeps nothing for us.
    expect(field).to_be_focused()
    frame.wait_for_timeout(800)
    again = priya.open(GROUP)
    again.get_by_role("textbox", name="New note").click()
    expect(again.get_by_role("button", name="Markdown")).to_have_attribute("aria-pressed", "true")
    assert again.locator(".rich-text").count() == 0
    expect(again.locator("#composer textarea")).to_have_value("**bold** *it*")


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


def test_where_the_editor_does_not_come_the_text_field_serves(priya: Person) -> None:
    priya.page.route("**/rich-editor*.js", lambda route: route.abort())
    frame = priya.open(GROUP)
    frame.get_by_role("textbox", name="New note").click()
    frame.get_by_role("textbox", name="New note").press_sequentially("- [ ] plain")
    frame.wait_for_timeout(300)
    assert saved(priya, frame) == "- [ ] plain"
    priya.watch.problems.clear()


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


def test_a_word_of_an_input_method_is_put_together_in_peace(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    session = priya.page.context.new_cdp_session(frame)
    for stage in ("に", "にほ", "にほん"):
        session.send(
            "Input.imeSetComposition",
            {"text": stage, "selectionStart": len(stage), "selectionEnd": len(stage)},
        )
    expect(text).to_have_text("にほん")
    session.send("Input.insertText", {"text": "日本"})
    expect(text).to_have_text("日本")
    text.press_sequentially("。")
    assert saved(priya, frame) == "日本。"


@pytest.mark.parametrize(
    ("language", "heading", "gap"), [("en", "Minutes", "Present"), ("ar", "محضر اجتماع", "الحاضرون")]
)
def test_a_template_fills_an_empty_note_and_nothing_else(
    priya: Person, language: str, heading: str, gap: str
) -> None:
    frame = priya.open(GROUP, language)
    frame.locator("#composer textarea").click()
    text = frame.locator(".rich-text")
    expect(text).to_be_focused()
    text.press_sequentially("/" + heading[:4].lower())
    press(priya, "Enter")
    expect(text.get_by_role("heading", level=2)).to_have_text(heading)
    text.press_sequentially("Mei, Tomas")
    assert saved(priya, frame).startswith(f"## {heading}\n\n**{gap}:** Mei, Tomas\n\n### ")

    text = frame.locator(".rich-text")
    text.click()
    text.press_sequentially("something")
    press(priya, "Enter")
    text.press_sequentially("/")
    expect(frame.get_by_role("listbox")).to_be_visible()
    expect(frame.locator(".rich-menu [data-template]").first).to_be_hidden()


def test_decisions_and_contacts_have_templates_too(priya: Person) -> None:
    frame = priya.open(GROUP)
    for name in ("decision", "contact"):
        text = writing(frame)
        text.press_sequentially("/" + name)
        press(priya, "Enter")
        text.press_sequentially("x")
        assert saved(priya, frame).count("x") == 1
    first, second = beside(lambda: list(Note.objects.order_by("pk").values_list("text", flat=True)))
    assert first == "## Decision\n\n**We decide:** x\n\n**Because:** …\n\n**Decided by:** …"
    assert second == "## Contact\n\n| Name | x |\n| --- | --- |\n| Company |  |\n| Phone |  |\n| Email |  |"
