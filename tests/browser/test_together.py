"""Several people in one notebook: who is here, what saves itself, what was merged, what excludes each other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Route, expect

from tests.support.browser import Person, axe_violations, beside, overflow, write
from tests.support.writing import GROUP, edited, save, stored, writing
from widget.models import Note

PRIYA, MEI = 3, 7
Pair = tuple[Person, Person]
# Milliseconds: a pause before what is written saves itself, or before a page asks what is new.
PAUSE = 9_000
UNSAVED = "Not saved yet; your text is kept here."
LOOKS = {"": ("light", "en", 360), "-dark": ("dark", "en", 360), "-rtl": ("light", "ar", 320)}


def test_who_is_here_and_who_writes_where(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    theirs = mei.open(GROUP)
    expect(frame.locator("#here")).to_contain_text("Here now: Mei Tanaka", timeout=PAUSE)

    frame.locator("#here").click()
    expect(frame.locator(".here-said")).to_have_css("position", "static")

    edited(theirs).press_sequentially("!")
    expect(frame.locator(".note-writing")).to_contain_text("Mei Tanaka is writing", timeout=PAUSE)
    for _ in ("asked once", "said twice"):
        theirs.locator(".editor").get_by_role("button", name="Cancel").click()
    expect(theirs.locator(".editor")).to_have_count(0)
    theirs.get_by_label("New note").click()
    theirs.get_by_label("New note").press_sequentially("van")
    expect(frame.locator("#here")).to_contain_text("Mei Tanaka is writing", timeout=PAUSE)

    mei.page.goto("about:blank")
    expect(frame.locator("#here")).to_be_hidden(timeout=PAUSE)


def test_what_is_written_saves_itself_after_a_pause_and_can_be_taken_back(pair: Pair) -> None:
    frame = pair[0].open(GROUP)
    write(frame, "Rent is 900")
    edited(frame).fill("Rent is 950")
    expect(frame.locator(".editor .composer-hint")).to_have_text("Note saved.", timeout=PAUSE)
    assert stored() == "Rent is 950"
    expect(frame.get_by_label("Text of the note")).to_be_visible()

    cancel = frame.locator(".editor").get_by_role("button", name="Cancel")
    cancel.click()
    expect(frame.locator(".editor [role=alert]")).to_contain_text("again to discard")
    cancel.click()
    expect(frame.locator(".editor")).to_have_count(0)
    expect(frame.locator(".note-text")).to_have_text("Rent is 900")
    assert stored() == "Rent is 900"
    # It was one person within minutes: one version, which can be looked at step by step.
    frame.get_by_role("button", name="More").click()
    frame.get_by_role("button", name="History").click()
    expect(frame.locator(".version-head")).to_have_count(1)
    frame.get_by_role("button", name="Step 2").click()
    expect(frame.locator(".version-text ins")).to_have_text("950")


def test_without_a_connection_it_says_so_and_saves_itself_later(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    priya.page.context.set_offline(True)
    area.fill("Rent is 950")
    hint = frame.locator(".editor .composer-hint")
    expect(hint).to_have_text(UNSAVED, timeout=PAUSE)
    priya.page.context.set_offline(False)
    expect(hint).to_have_text("Note saved.", timeout=20_000)
    assert stored() == "Rent is 950"
    priya.watch.problems.clear()


def test_the_answer_to_what_saved_itself_is_lost_and_nobody_is_asked_about_it(pair: Pair) -> None:
    priya, mei = pair
    frame, theirs = priya.open(GROUP), mei.open(GROUP)
    write(theirs, "Rent is 900")
    expect(frame.locator(".note")).to_have_count(1, timeout=20_000)
    area = edited(frame)
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().text())
        route.abort()

    priya.page.route("**/api/v1/notes/*/", lose, times=1)
    area.fill("Rent is 950")
    expect(frame.locator(".editor .composer-hint")).to_have_text(
        "Not saved yet; your text is kept here.", timeout=PAUSE
    )
    expect(theirs.locator(".note-text")).to_have_text("Rent is 950", timeout=20_000)
    edited(theirs).fill("Rent is 950, due in May")
    save(theirs)
    expect(theirs.locator(".note-text")).to_have_text("Rent is 950, due in May")

    area.fill("Rent is 950\n\nTell finance")
    save(frame)
    expect(frame.locator(".note-text")).to_contain_text("Tell finance")
    assert stored() == "Rent is 950, due in May\n\nTell finance"
    assert len(lost) == 1
    priya.watch.problems.clear()


def test_what_was_merged_is_shown_and_can_be_undone(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "The truck comes at seven\n\nRent is 900")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("The small truck comes at seven\n\nRent is 900")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)

    area.fill("The truck comes at nine\n\nRent is 900")
    save(frame)
    expect(frame.locator(".note-text")).to_contain_text("The small truck comes at nine")
    merged = frame.get_by_role("region", name="Merged")
    expect(merged.locator("ins")).to_have_text("small ")
    merged.get_by_role("button", name="Undo").click()
    expect(frame.get_by_label("Text of the note")).to_have_value("The truck comes at nine\n\nRent is 900")
    # Whether one's own words take the place of others' is for whoever presses Save.
    frame.get_by_label("Text of the note").press("End")
    frame.get_by_label("Text of the note").press_sequentially("!")
    frame.wait_for_timeout(PAUSE)
    assert stored() == "The small truck comes at seven\n\nRent is 900"


def test_of_what_clashes_one_is_chosen_the_other_or_both(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900\n\nLunch at one")
    area = edited(frame)
    theirs = mei.open(GROUP)
    edited(theirs).fill("Rent is 990\n\nLunch at one")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)

    area.fill("Rent is 950\n\nLunch at two")
    save(frame)
    conflict = frame.locator(".conflict")
    expect(conflict.locator("[data-theirs] del")).to_have_text("990")
    expect(conflict.locator("[data-mine] ins")).to_have_text("950")
    for name, said in (("Theirs", "990"), ("Both", "990\nRent is 950"), ("Yours", "950"), ("Theirs", "990")):
        conflict.get_by_role("button", name=name, exact=True).first.click()
        expect(area).to_have_value(f"Rent is {said}\n\nLunch at two")
    # Nothing saves itself while somebody decides.
    frame.wait_for_timeout(PAUSE)
    assert stored() == "Rent is 990\n\nLunch at one"
    save(frame)
    expect(frame.locator(".editor")).to_have_count(0)
    assert stored() == "Rent is 990\n\nLunch at two"
    priya.watch.problems.clear()


def test_who_gives_up_in_view_of_a_clash_takes_back_nothing_of_others(pair: Pair) -> None:
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
    save(frame)
    frame.locator(".conflict").wait_for()
    for _ in ("asked once", "said twice"):
        frame.locator(".editor").get_by_role("button", name="Cancel").click()
    expect(frame.locator(".editor")).to_have_count(0)
    expect(frame.locator(".note-text")).to_have_text("Rent is 990")
    assert stored() == "Rent is 990"
    priya.watch.problems.clear()


def test_a_note_that_somebody_deletes_is_told_of_when_it_would_save_itself(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    beside(lambda: Note.objects.update(deleted_at=timezone.now()))
    area.fill("Rent is 950")
    expect(frame.locator(".editor [role=alert]")).to_contain_text("deleted by somebody else", timeout=PAUSE)
    frame.get_by_role("button", name="Save as a new note").click()
    expect(frame.locator(".note-text")).to_have_text("Rent is 950")
    priya.watch.problems.clear()


def test_one_part_of_a_change_is_taken_back(pair: Pair) -> None:
    priya, mei = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900\n\nThe hall is ours\n\nLunch at one")
    theirs = mei.open(GROUP)
    edited(theirs).fill("Rent is 990\n\nThe hall is ours\n\nLunch at two")
    save(theirs)
    expect(frame.locator(".note-text")).to_contain_text("990", timeout=20_000)
    frame.get_by_role("button", name="More").click()
    frame.get_by_role("button", name="History").click()
    changed = frame.locator(".version-text .part-is-changed")
    expect(changed).to_have_count(2)
    changed.first.get_by_role("button", name="Undo this change").click()
    expect(frame.locator(".note-text")).to_contain_text("Rent is 900")
    assert stored() == "Rent is 900\n\nThe hall is ours\n\nLunch at two"


def test_a_chat_has_templates_of_its_own(pair: Pair, person: Callable[..., Person]) -> None:
    frame = pair[0].open(GROUP)
    write(frame, "## Load-in\n\n- [ ] truck\n- [ ] keys")
    frame.get_by_role("button", name="More").click()
    frame.get_by_role("button", name="Use as template").click()
    expect(frame.locator(".note-said")).to_have_text("Kept as a template of this chat.")

    theirs = person("alpha", MEI, markdown=False).open(GROUP)
    text = writing(theirs)
    theirs.get_by_role("button", name="Templates").click()
    templates = theirs.get_by_role("region", name="Templates")
    expect(templates.get_by_role("button", name="Minutes")).to_be_focused()
    templates.get_by_role("button", name="Load-in", exact=True).click()
    expect(templates).to_be_hidden()
    expect(text).to_be_focused()
    expect(text.get_by_role("checkbox")).to_have_count(2)

    theirs.get_by_role("button", name="Templates").click()
    templates.get_by_role("button", name="Delete the template Load-in").click()
    expect(templates.get_by_role("button", name="Load-in", exact=True)).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_how_it_looks(
    person: Callable[..., Person],
    installed_by_click: Callable[..., None],
    look: str,
    pictures: Path,
    axe: None,
) -> None:
    installed_by_click()
    scheme, language, width = LOOKS[look]
    priya, mei = person("alpha", PRIYA, color_scheme=scheme), person("alpha", MEI)
    theirs = mei.open(GROUP)
    write(theirs, "## Load-in\n\nThe truck comes at seven.\n\n- [ ] keys\n- [ ] hotel\n\nRent is 900 euros.")
    frame = priya.open(GROUP, language)
    window = priya.page.locator("[data-app-frame] iframe")
    window.evaluate("(frame, width) => { frame.style.width = `${width}px`; }", width)

    def draw(name: str) -> None:
        priya.page.mouse.move(0, 0)
        frame.wait_for_timeout(300)
        assert axe_violations(frame) == []
        assert overflow(frame) <= 0
        priya.page.locator("iframe").screenshot(path=pictures / f"together-{name}{look}.png")

    area = edited(theirs)
    area.press_sequentially(" ")
    expect(frame.locator(".note-writing")).to_be_visible(timeout=PAUSE)
    frame.locator("#composer textarea").click()
    frame.locator("[data-action=templates]").click()
    frame.locator(".templates li").first.wait_for()
    frame.locator("#here").click()
    draw("here")
    frame.locator("[data-action=templates]").click()

    frame.locator("[data-action=edit]").click()
    mine = frame.locator(".editor textarea")
    mine.fill("## Load-in\n\nThe truck comes at nine.\n\n- [ ] keys\n- [ ] hotel\n\nRent is 950 euros.")
    area.fill(
        "## Load-in\n\nThe small truck comes at seven.\n\n- [ ] keys\n- [ ] hotel\n\nRent is 990 euros."
    )
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    frame.locator(".editor [type=submit]").click()
    frame.locator(".conflict").wait_for()
    draw("clash")
    frame.locator(".conflict-foot [data-action=theirs]").click()
    frame.locator("[data-action=edit]").click()
    edited(theirs).press_sequentially("\n\nTell finance.")
    save(theirs)
    expect(theirs.locator(".editor")).to_have_count(0)
    mine.fill("## Load-in\n\nThe small truck comes at nine.\n\n- [ ] keys\n- [ ] hotel\n\nRent is 990 euros.")
    frame.locator(".editor [type=submit]").click()
    frame.locator(".merged").wait_for()
    draw("merged")
    priya.watch.problems.clear()
