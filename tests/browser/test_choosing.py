"""What clashes is chosen in its place; what was merged, deleted or restored costs nobody their words."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Route, expect

from tests.support.browser import Person, beside, write
from tests.support.writing import GROUP, edited, everywhere, save, stored
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


def test_who_restores_the_note_from_the_bin_keeps_the_editor(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    beside(lambda: Note.objects.update(deleted_at=timezone.now(), deleter_name="Mei", deleter_id=MEI))
    area.fill("Rent is 950, my long work")
    expect(frame.locator(".editor [role=alert]")).to_contain_text("deleted by somebody else", timeout=PAUSE)
    frame.get_by_role("button", name="Recycle bin").click()
    frame.locator("#bin li").get_by_role("button", name="Restore").click()
    expect(frame.locator(".note[data-note]")).to_have_count(1)
    frame.wait_for_timeout(500)
    assert "my long work" in everywhere(frame)


def test_save_of_a_note_that_is_back_makes_no_second_one(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    beside(lambda: Note.objects.update(deleted_at=timezone.now(), deleter_name="Mei", deleter_id=MEI))
    area.fill("Rent is 950, my long work")
    expect(frame.locator(".editor [role=alert]")).to_contain_text("deleted by somebody else", timeout=PAUSE)
    frame.wait_for_timeout(1500)
    beside(lambda: Note.objects.update(deleted_at=None, deleter_name="", deleter_id=None))
    frame = priya.open(GROUP)
    frame.locator(".editor").wait_for()
    button = frame.locator(".editor [type=submit]")
    label = button.inner_text()
    frame.get_by_label("Text of the note").press("End")
    frame.get_by_label("Text of the note").press_sequentially("!")
    frame.wait_for_timeout(PAUSE)
    hint = frame.locator(".editor .composer-hint").inner_text()
    button.click()
    expect(frame.locator(".editor")).to_have_count(0)
    assert (label, hint, beside(Note.objects.count)) == ("Save", "Note saved.", 1)


def test_theirs_takes_the_place_of_mine_in_a_line_both_changed_elsewhere_too(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "The truck comes at seven and the rent is 900 euros\n\nLunch at one")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("The small truck comes at seven and the rent is 990 euros\n\nLunch at one")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area.fill("The truck comes at seven and the rent is 950 euros\n\nLunch at one")
    save(frame)
    conflict = frame.locator(".conflict")
    conflict.get_by_role("button", name="Theirs", exact=True).first.click()
    assert area.input_value() == "The small truck comes at seven and the rent is 990 euros\n\nLunch at one"


def test_theirs_of_a_line_that_i_deleted_comes_back_in_its_place(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "# Plan\n\n- keys\n- rent is 900\n- hotel\n\nLunch at one")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("# Plan\n\n- keys\n- rent is 990\n- hotel\n\nLunch at one")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area.fill("# Plan\n\n- keys\n- hotel\n\nLunch at one")
    save(frame)
    frame.locator(".conflict").get_by_role("button", name="Theirs", exact=True).first.click()
    assert area.input_value() == "# Plan\n\n- keys\n- rent is 990\n- hotel\n\nLunch at one"


def test_undoing_a_merge_after_a_lost_answer_takes_back_mine_only(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "The truck comes at seven\n\nRent is 900\n\nLunch")
    area = edited(frame)

    def lose(route: Route) -> None:
        if route.request.method != "PATCH":
            return route.continue_()
        route.fetch()
        return route.abort()

    priya.page.route("**/api/v1/notes/*/", lose, times=1)
    area.fill("The truck comes at nine\n\nRent is 900\n\nLunch")
    save(frame)
    expect(frame.locator(".editor [role=alert]")).to_contain_text("connection")
    theirs = mei.open(GROUP)
    edited(theirs).fill("The truck comes at nine\n\nRent is 900\n\nLunch at one, Mei says")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    save(frame)
    merged = frame.get_by_role("region", name="Merged")
    expect(merged).to_contain_text("Mei says")
    # What came in came after mine: there is nothing to go back to.
    expect(merged.get_by_role("button", name="Undo")).to_be_hidden()


def test_a_part_that_cannot_be_taken_back_while_editing_says_so(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    theirs = mei.open(GROUP)
    edited(theirs).fill("Rent is 990")
    save(theirs)
    expect(frame.locator(".note-text")).to_contain_text("990", timeout=20_000)
    frame.get_by_role("button", name="More").click()
    frame.get_by_role("button", name="History").click()
    frame.locator(".version-text .part-is-changed").first.wait_for()
    edited(theirs).fill("Rent is 111")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area = edited(frame)
    with priya.page.expect_response(lambda a: "/_ui/option" in a.url):
        area.fill("Rent is 990\n\nmy long work")
    expect(frame.locator(".history")).to_have_count(0)
    frame = priya.open(GROUP)
    expect(frame.get_by_label("Text of the note")).to_have_value("Rent is 990\n\nmy long work")


def test_what_an_editor_of_a_deleted_note_sent_as_new_is_one_note(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    beside(lambda: Note.objects.update(deleted_at=timezone.now(), deleter_name="Mei", deleter_id=MEI))
    area.fill("Rent is 950")
    save(frame)

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        route.fetch()
        return route.abort()

    frame.get_by_role("button", name="Save as a new note").wait_for()
    priya.page.route("**/api/v1/notes/", lose)
    frame.get_by_role("button", name="Save as a new note").click()
    expect(frame.locator(".editor [role=alert]")).to_contain_text("connection")
    priya.page.unroute("**/api/v1/notes/")
    area.press("End")
    area.press_sequentially(" now")
    frame.get_by_role("button", name="Save as a new note").click()
    expect(frame.locator(".editor")).to_have_count(0)
    assert beside(lambda: [n.text for n in Note.objects.filter(deleted_at=None)]) == ["Rent is 950 now"]


def test_undoing_a_merge_while_editing_again_keeps_ones_words(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "The truck comes at seven\n\nRent is 900")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("The small truck comes at seven\n\nRent is 900")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area.fill("The truck comes at seven\n\nRent is 900\n\nMy paragraph")
    save(frame)
    merged = frame.get_by_role("region", name="Merged")
    merged.wait_for()
    edited(frame).press("Control+End")
    area.press_sequentially("!")
    merged.get_by_role("button", name="Undo").click()
    frame.wait_for_timeout(1000)
    save(frame)
    frame.wait_for_timeout(2500)
    assert "My paragraph" in stored() + everywhere(frame), stored()


def test_a_line_chosen_is_the_line_that_clashed(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Deposit: 1900\n\nRent:\n\n800\n\nEnd")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("Deposit: 1900\n\nRent:\n\n700\n\nEnd")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    area.fill("Deposit: 1900\n\nRent:\n\n900\n\nEnd")
    save(frame)
    frame.locator(".conflict").get_by_role("button", name="Theirs", exact=True).first.click()
    assert area.input_value() == "Deposit: 1900\n\nRent:\n\n700\n\nEnd"
