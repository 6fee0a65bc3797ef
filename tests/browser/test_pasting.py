"""What is pasted into the rich editor comes in as our blocks and marks, and brings nothing along."""

from playwright.sync_api import expect

from tests.support.browser import Person, beside
from tests.support.writing import GROUP, paste, press, saved, writing
from widget.models import Note

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


def test_a_clipboard_of_signs_that_close_nothing_does_not_stop_the_page(priya: Person) -> None:
    """Three hundred thousand signs, each of which could begin a tag or a style, are read once."""
    frame = priya.open(GROUP)
    text = writing(frame)
    paste(text, html="<p>kept</p>" + "<" * 300_000 + "<style" * 100_000, plain="")
    expect(text.locator("p").first).to_contain_text("kept", timeout=10_000)


def test_a_rule_a_table_or_a_list_is_pasted_into_the_middle_of_a_line(priya: Person) -> None:
    frame = priya.open(GROUP)
    text = writing(frame)
    for block, shown in (("---", "hr"), ("- [ ] box", ".rich-task"), ("| a |\n| --- |\n| b |", "table")):
        text.press_sequentially("before")
        paste(text, plain=block)
        expect(text.locator(shown)).to_have_count(1)
        press(priya, "Control+End", "Enter", "Enter")
