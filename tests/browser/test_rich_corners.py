"""The rich editor where writing is not plain: pasted addresses, deep quotes, what nobody touched."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser import Person, write
from tests.support.writing import GROUP, edited, paste, stored, writing

PRIYA, MEI = 3, 7
Pair = tuple[Person, Person]
# Milliseconds: longer than it takes until what is written saves itself.
PAUSE = 9_000
pytestmark = pytest.mark.proof


@pytest.fixture(autouse=True)
def _calm(pair: Pair) -> Iterator[None]:
    """Answers are refused and cut here on purpose, which windows complain of."""
    yield
    for each in pair:
        each.watch.problems.clear()


@pytest.fixture
def rich(pair: Pair, person: Callable[..., Person]) -> Person:
    return person("alpha", PRIYA, markdown=False)


def test_an_address_pasted_over_an_address_replaces_it(rich: Person) -> None:
    frame = rich.open(GROUP)
    text = writing(frame)
    text.press_sequentially("https://old.example/plan")
    rich.page.keyboard.press("Shift+Home")
    paste(text, plain="https://new.example/plan")
    rich.page.keyboard.press("Control+Enter")
    expect(frame.locator(".note[data-note]")).to_have_count(1)
    rich.watch.problems.clear()
    assert "old.example" not in stored(), stored()


def test_an_address_pasted_over_words_in_code_arrives(rich: Person) -> None:
    frame = rich.open(GROUP)
    text = writing(frame)
    text.press_sequentially("``` ")
    text.press_sequentially("Plan")
    rich.page.keyboard.press("Shift+Home")
    paste(text, plain="https://new.example/plan")
    rich.page.keyboard.press("Control+Enter")
    expect(frame.locator(".note[data-note]")).to_have_count(1)
    rich.watch.problems.clear()
    assert "new.example" in stored(), stored()


def test_an_address_with_an_at_sign_is_no_mail(rich: Person) -> None:
    frame = rich.open(GROUP)
    text = writing(frame)
    text.press_sequentially("channel")
    rich.page.keyboard.press("Shift+Home")
    frame.wait_for_timeout(200)  # the editor hears of a selection a moment later; nobody is faster
    rich.page.keyboard.press("Control+k")
    rich.page.keyboard.type("youtube.com/@channel")
    rich.page.keyboard.press("Enter")
    rich.page.keyboard.press("Control+Enter")
    expect(frame.locator(".note[data-note]")).to_have_count(1)
    rich.watch.problems.clear()
    assert stored() == "[channel](https://youtube.com/@channel)"


def test_a_note_that_the_rich_editor_cannot_read_can_be_edited(rich: Person, pair: Pair) -> None:
    frame = pair[1].open(GROUP)
    write(frame, ">" * 6000 + " quoted")
    frame = rich.open(GROUP)
    frame.locator(".note").get_by_role("button", name="Edit").click()
    frame.wait_for_timeout(4000)
    rich.watch.problems.clear()
    assert frame.locator(".editor textarea:visible, .editor .rich-text:visible").count() == 1


def test_what_nobody_touched_stays_byte_for_byte(rich: Person, pair: Pair) -> None:
    source = "- keys\n- 会議　\n\nHello\n\nLast"
    frame = pair[1].open(GROUP)
    write(frame, source)
    assert stored() == source
    frame = rich.open(GROUP)
    frame.locator(".note").get_by_role("button", name="Edit").click()
    expect(frame.locator(".editor .rich-text")).to_be_visible()
    rich.page.keyboard.press("Control+End")
    rich.page.keyboard.type("!")
    rich.page.keyboard.press("Control+Enter")
    expect(frame.locator(".editor")).to_have_count(0)
    rich.watch.problems.clear()
    assert stored() == source + "!", ascii(stored())


def test_a_link_to_a_file_goes_into_the_note_that_is_being_edited(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    area.press("End")
    frame.get_by_role("tab", name="Files").click()
    frame.get_by_role("button", name="Put into a note").first.click()
    frame.wait_for_timeout(1000)
    assert "](" in area.input_value(), frame.get_by_label("New note").input_value()
