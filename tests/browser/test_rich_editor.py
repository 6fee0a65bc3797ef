"""Writing without Markdown: what somebody does who has never heard of it, and what is stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import Person, axe_violations, beside, overflow
from tests.support.writing import GROUP, paste, press, saved, tool, writing
from widget.models import Note

PRIYA = 3
Enter = Callable[..., Person]
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
def test_how_it_looks(
    person: Enter, installed_by_click: Callable[..., None], look: str, pictures: Path, axe: None
) -> None:
    installed_by_click()
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


def test_where_the_editor_does_not_come_the_text_field_serves(priya: Person) -> None:
    priya.page.route("**/rich-editor*.js", lambda route: route.abort())
    frame = priya.open(GROUP)
    frame.get_by_role("textbox", name="New note").click()
    frame.get_by_role("textbox", name="New note").press_sequentially("- [ ] plain")
    frame.wait_for_timeout(300)
    assert saved(priya, frame) == "- [ ] plain"
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
