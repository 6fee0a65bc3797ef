"""What is typed while an answer is on its way, or a question is open, stays, and so does the keyboard."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.support.browser import Person, beside, write
from tests.support.writing import GROUP, edited, everywhere, held, save, stored
from widget.models import Note

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


def test_what_is_typed_while_save_is_on_its_way_is_not_lost(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    area.fill("Rent is 950")
    waiting = held(priya, "PATCH")
    area.press("Control+Enter")
    area.press("End")
    area.press_sequentially(" and call finance")
    frame.wait_for_timeout(700)
    waiting.release()
    frame.wait_for_timeout(2500)
    here = everywhere(frame)
    again = priya.open(GROUP)
    again.wait_for_timeout(2500)
    assert "call finance" in stored() + here + everywhere(again)


def test_words_after_an_unanswered_autosave_survive_a_clash(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("Rent is 990")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    priya.page.context.set_offline(True)
    area.fill("Rent is 950")
    expect(frame.locator(".editor .composer-hint")).to_have_text(
        "Not saved yet; your text is kept here.", timeout=PAUSE
    )
    area.fill("Rent is 950\n\nA long paragraph that was written since")
    priya.page.context.set_offline(False)
    save(frame)
    frame.locator(".conflict").wait_for()
    assert "long paragraph" in area.input_value()


def test_an_answer_takes_the_focus_from_nobody(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    area.fill("Rent is 950")
    waiting = held(priya, "PATCH")
    area.press("Control+Enter")
    composer = frame.get_by_label("New note")
    composer.click()
    priya.page.keyboard.type("buy mi")
    waiting.release()
    expect(frame.locator(".note-text")).to_have_text("Rent is 950")
    priya.page.keyboard.type("lk and bread", delay=60)
    frame.wait_for_timeout(1500)
    seen = composer.input_value(), frame.locator(".editor").count()
    assert seen == ("buy milk and bread", 0)


def test_save_after_a_deletion_does_not_say_saved(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    area.fill("Rent is 950, my long work")
    expect(frame.locator(".editor .composer-hint")).to_have_text("Note saved.", timeout=PAUSE)
    theirs = pair[1].open(GROUP)
    theirs.locator(".note").get_by_role("button", name="Delete").click()
    theirs.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(theirs.get_by_role("button", name="Undo")).to_be_visible()
    frame.wait_for_timeout(PAUSE)
    save(frame)
    expect(frame.locator(".editor [role=alert]")).to_contain_text("deleted by somebody else")
    expect(frame.get_by_role("button", name="Save as a new note")).to_be_visible()
    assert beside(lambda: Note.objects.filter(deleted_at=None).count()) == 0


def test_a_clash_goes_on_being_said(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("Rent is 990")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area.fill("Rent is 950")
    hint = frame.locator(".editor .composer-hint")
    expect(hint).to_have_text("Somebody changed the same words. Save to see both.", timeout=PAUSE)
    area.press("End")
    area.press_sequentially("\n\nan hour of work")
    frame.wait_for_timeout(PAUSE)
    assert (hint.inner_text(), stored()) != ("", "Rent is 990")


def test_templates_that_come_late_do_not_take_the_keyboard(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    composer = frame.get_by_label("New note")
    composer.click()
    waiting = held(priya, "GET", "**/api/v1/templates/")
    frame.get_by_role("button", name="Templates").click()
    frame.wait_for_timeout(800)
    composer.click()
    priya.page.keyboard.type("buy mi")
    waiting.release()
    expect(frame.locator(".templates li").first).to_be_visible()
    priya.page.keyboard.type("lk and bread", delay=60)
    assert composer.input_value() == "buy milk and bread"


def test_a_held_escape_does_not_answer_the_question_by_itself(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    area.fill("Rent is 950, my long work")
    priya.page.keyboard.down("Escape")
    priya.page.keyboard.down("Escape")
    priya.page.keyboard.up("Escape")
    frame.wait_for_timeout(700)
    assert frame.locator(".editor").count() == 1


def test_a_refusal_of_autosave_says_why(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    asked: list[int] = []

    def refuse(route: Route) -> None:
        if route.request.method != "PATCH":
            return route.continue_()
        asked.append(1)
        return route.fulfill(
            status=403,
            body='{"code":"read_only","detail":"You can only read here."}',
            content_type="application/problem+json",
        )

    priya.page.route("**/api/v1/notes/*/", refuse)
    area.fill("Rent is 950")
    hint = frame.locator(".editor .composer-hint")
    expect(hint).not_to_be_empty(timeout=PAUSE)
    frame.wait_for_timeout(17_000)
    assert (hint.inner_text() != "Not saved yet; your text is kept here.", len(asked)) == (True, 1)


def test_a_new_note_that_fails_does_not_pull_the_writer_out_of_another(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    waiting = held(priya, "POST", "**/api/v1/notes/")
    composer = frame.get_by_label("New note")
    composer.click()
    priya.page.keyboard.type("new one")
    composer.press("Control+Enter")
    area = edited(frame)
    area.press("End")
    priya.page.keyboard.type(" and")
    for route in waiting:
        route.abort()
    expect(frame.locator("#composer [role=alert]")).to_be_visible()
    priya.page.keyboard.type(" more", delay=60)
    assert (area.input_value(), composer.input_value()) == ("Rent is 900 and more", "new one")


def test_an_autosave_that_clashed_and_a_typed_word_and_then_escape(pair: Pair) -> None:
    """Words typed while a clash is being fetched stay in the field."""
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("Rent is 990")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area.fill("Rent is 950")
    waiting = held(priya, "PATCH")
    area.press("Control+Enter")
    area.press("End")
    area.press_sequentially(" and call finance")
    waiting.release()
    frame.locator(".conflict").wait_for()
    assert "call finance" in area.input_value()


def test_after_a_word_of_an_input_method_the_rich_editor_comes(rich: Person) -> None:
    waiting = held(rich, "GET", "**/widget/editor/")
    frame = rich.open(GROUP)
    frame.get_by_label("New note").click()
    cdp = rich.page.context.new_cdp_session(rich.page)
    cdp.send("Input.imeSetComposition", {"text": "ni", "selectionStart": 2, "selectionEnd": 2})
    cdp.send("Input.insertText", {"text": "你"})
    frame.wait_for_timeout(500)
    composing = frame.evaluate("document.getElementById('composer').field.composing")
    waiting.release()
    frame.wait_for_timeout(3000)
    rich.watch.problems.clear()
    assert frame.locator("#composer .rich-text").count() == 1, composing
