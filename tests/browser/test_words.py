"""Nothing that somebody typed, deleted or was shown disappears unseen: drafts, merging, the bin, held news."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, Route, expect

from tests.browser.test_notes import MEI, NEWS_MS, PRIYA, edit, forgive, live, write
from tests.support.browser import Person, beside
from widget.models import Chat, Note

NOTES = "**/api/v1/notes/"


@pytest.fixture
def people(person: Callable[..., Person], installed_by_click: Callable[..., None]) -> tuple[Person, Person]:
    """Priya and Mei, members of chat 22."""
    installed_by_click()
    return person("alpha", PRIYA), person("alpha", MEI)


def editing(frame: Frame, beginning: str) -> Any:
    """The editor of a note, opened."""
    note = frame.locator(".note", has_text=beginning).get_attribute("id")
    frame.locator(f"#{note}").get_by_role("button", name="Edit").click()
    return frame.locator(f"#{note}")


def polled(page: Page, *, known: int) -> None:
    """Wait until the page has been told of all changes but those it knows."""
    with page.expect_response(
        lambda answer: "notes/changes/" in answer.url and f"since={known}" not in answer.url, timeout=NEWS_MS
    ):
        pass


def kept(page: Page, kind: str) -> Any:
    """Waits for a draft to be kept: the browser refuses storage to a frame of another site, Bitrix24 does it."""
    return page.expect_response(
        lambda answer: "/_ui/option" in answer.url and kind in (answer.request.post_data or "")
    )


def test_an_open_editor_holds_what_others_do_until_it_closes(people: tuple[Person, Person]) -> None:
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "one, first version")
    write(priya, "two")
    one, two = editing(priya, "one"), editing(priya, "two")
    expect(mei.locator(".note")).to_have_count(2, timeout=NEWS_MS)
    edit(mei.locator(".note", has_text="one"), "one, SECOND")
    expect(mei.locator(".note-text", has_text="SECOND")).to_be_visible()
    mei.locator(".note", has_text="two").get_by_role("button", name="Delete").click()
    mei.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(mei.get_by_role("button", name="Undo")).to_be_visible()
    polled(people[0].page, known=2)
    polled(people[0].page, known=3)

    one.get_by_role("button", name="Cancel").click()
    two.get_by_role("button", name="Cancel").click()

    expect(one.locator(".note-text")).to_have_text("one, SECOND")
    expect(two).to_have_count(0)
    expect(priya.get_by_role("button", name="Undo")).to_be_visible()


def test_an_edit_is_a_draft_and_thrown_away_only_by_who_says_so_twice(people: tuple[Person, Person]) -> None:
    priya = people[0]
    frame = live(priya, "chat22")
    write(frame, "Rent is 900")
    area = editing(frame, "Rent").get_by_label("Text of the note")
    with kept(priya.page, "edits"):
        area.fill("Rent is 950")
    area.press("Escape")
    expect(frame.locator(".editor").get_by_role("alert")).to_contain_text("not saved")
    expect(area).to_have_value("Rent is 950")

    # Closed and opened again it is being edited still, and nobody is taken away from what they do.
    frame = live(priya, "chat22")
    area = frame.get_by_label("Text of the note")
    expect(area).to_have_value("Rent is 950")
    expect(area).not_to_be_focused()
    with kept(priya.page, "edits"):
        area.press("Escape")
        area.press("Escape")
    expect(frame.locator(".note-text")).to_have_text("Rent is 900")
    expect(frame.locator(".editor")).to_have_count(0)

    frame = live(priya, "chat22")
    area = editing(frame, "Rent").get_by_label("Text of the note")
    expect(area).to_have_value("Rent is 900")
    area.press("Escape")
    expect(frame.locator(".editor")).to_have_count(0)


def test_what_is_typed_before_the_draft_arrives_does_not_replace_it(people: tuple[Person, Person]) -> None:
    priya = people[0]
    with kept(priya.page, "draft"):
        live(priya, "chat22").get_by_label("New note").fill("kept")
    waiting: list[Route] = []
    priya.page.route("**/dist/b24.js", lambda route: waiting.append(route))  # noqa: PLW0108 - playwright marks what it is given
    area = live(priya, "chat22").get_by_label("New note")
    area.fill("typed at once")
    for route in waiting:
        route.continue_()
    expect(area).to_have_value("kept\n\ntyped at once")


def test_the_answer_is_lost_and_the_panel_closed_yet_it_is_one_note(people: tuple[Person, Person]) -> None:
    priya = people[0]
    frame = live(priya, "chat22")

    def cut(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        route.fetch()
        return route.abort("connectionreset")

    priya.page.route(NOTES, cut)
    area = frame.get_by_label("New note")
    with kept(priya.page, "draft"):
        area.fill("only once")
        area.press("Control+Enter")
        expect(frame.locator("#composer [role=alert]")).to_be_visible()
    expect(frame.locator("#status")).to_be_empty()
    assert beside(Note.objects.count) == 1
    priya.page.unroute(NOTES)

    frame = live(priya, "chat22")
    area = frame.get_by_label("New note")
    expect(area).to_have_value("only once")
    area.press("Control+End")
    area.type("\n\nand more")
    area.press("Control+Enter")
    expect(area).to_have_value("")
    expect(frame.locator(".note[aria-busy]")).to_have_count(0)
    expect(frame.locator(".note")).to_have_count(1)
    assert beside(lambda: [note.text for note in Note.objects.all()]) == ["only once\n\nand more"]
    forgive([priya], "ERR_CONNECTION_RESET")
    forgive([priya], "422")


def test_what_does_not_clash_is_merged_and_what_does_is_shown_side_by_side(
    people: tuple[Person, Person],
) -> None:
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "Rent is 900\n\n- [ ] keys\n- [ ] lamp")
    mine = editing(priya, "Rent")
    area = mine.get_by_label("Text of the note")
    area.fill("Rent is 950\n\n- [ ] keys\n- [ ] lamp")
    mei.get_by_label("keys").check(timeout=NEWS_MS)
    expect(mei.locator("#status")).to_have_text("Note saved.")

    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.locator(".note-text")).to_contain_text("Rent is 950")
    expect(mine.get_by_label("keys")).to_be_checked()
    expect(mine.get_by_role("alert")).to_contain_text("together with what others")

    mine = editing(priya, "Rent")
    area.fill("Rent is 999\n\n- [x] keys\n- [ ] lamp\n- [ ] mine")
    expect(mei.locator(".note-text")).to_contain_text("Rent is 950", timeout=NEWS_MS)
    edit(mei.locator(".note"), "Rent is 111\n\n- [x] keys\n- [x] lamp")
    expect(mei.locator(".note-text")).to_contain_text("Rent is 111")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.locator("[data-theirs]")).to_have_text("Rent is 111")
    expect(mine.locator("[data-mine]")).to_have_text("Rent is 999")
    # Their tick is in what will be saved, which can still be changed.
    expect(area).to_have_value("Rent is 999\n\n- [x] keys\n- [x] lamp\n- [ ] mine")
    area.fill("Rent is 111 or 999\n\n- [x] keys\n- [x] lamp\n- [ ] mine")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.locator(".note-text")).to_contain_text("Rent is 111 or 999")
    assert beside(lambda: Note.objects.get().open_points) == 1
    forgive([*people], "409")


def test_the_bin_gives_back_and_an_editor_keeps_the_words_of_a_deleted_note(
    people: tuple[Person, Person],
) -> None:
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "precious")
    mine = editing(priya, "precious")
    mine.get_by_label("Text of the note").fill("more precious")
    expect(mei.locator(".note")).to_have_count(1, timeout=NEWS_MS)
    mei.locator(".note").get_by_role("button", name="Delete").click()
    mei.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(mei.get_by_role("button", name="Undo")).to_be_visible()

    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.get_by_role("alert").first).to_contain_text("deleted by somebody else")
    mine.get_by_role("button", name="Save as a new note").click()
    expect(priya.locator(".note-text")).to_have_text("more precious")

    # Reloaded, nobody can undo any more; the bin can.
    mei = live(people[1], "chat22")
    mei.get_by_role("button", name="Recycle bin").click()
    binned = mei.locator("#bin li")
    expect(binned).to_contain_text("deleted by Mei Tanaka")
    binned.get_by_role("button", name="Restore").click()
    expect(mei.locator("#notes .note-text")).to_have_text(["more precious", "precious"])
    expect(mei.locator("#bin li")).to_have_count(0)
    forgive([*people], "404")


def test_what_somebody_else_changed_is_shown_before_it_is_deleted(people: tuple[Person, Person]) -> None:
    priya = live(people[0], "chat22")
    note = write(priya, "first")
    note.get_by_role("button", name="Delete").click()
    beside(lambda: Note.objects.update(text="second", html="<p>second</p>", version=2))
    question = note.locator(".note-ask")
    question.get_by_role("button", name="Delete").click()
    expect(question.get_by_role("alert")).to_contain_text("Somebody else has changed this note.")
    expect(note.locator(".note-text")).to_have_text("second")
    question.get_by_role("button", name="Delete").click()
    expect(priya.get_by_role("button", name="Undo")).to_be_visible()
    forgive([*people], "409")


def test_older_notes_that_come_late_do_not_get_into_what_is_looked_for(
    people: tuple[Person, Person],
) -> None:
    live(people[0], "chat22")

    def fill() -> None:
        chat = Chat.objects.get()
        Chat.objects.update(revision=120)
        Note.objects.bulk_create(
            Note(
                chat=chat,
                text=f"note {n}",
                html=f"note {n}",
                author_id=3,
                author_name="Priya",
                folded=f"note {n}",
            )
            for n in range(120)
        )

    beside(fill)
    priya = people[0]
    frame = live(priya, "chat22")
    waiting: list[Route] = []
    late = re.compile(r"notes/\?before=")
    priya.page.route(late, lambda route: waiting.append(route))  # noqa: PLW0108 - playwright marks what it is given
    frame.get_by_role("button", name="Show older notes").click()
    frame.get_by_role("searchbox").fill("note 77")
    expect(frame.locator(".note")).to_have_count(1)

    with priya.page.expect_response(late):
        waiting[0].continue_()
    expect(frame.locator("#older button")).not_to_have_attribute("aria-busy", "true")
    expect(frame.locator(".note")).to_have_count(1)


def test_buttons_have_names_of_their_own_and_fields_an_outline(people: tuple[Person, Person]) -> None:
    priya = people[0]
    frame = live(priya, "chat22")
    for text in ("one", "two"):
        write(frame, text)
    labels = frame.locator(".note-tools button").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert len(set(labels)) == len(labels) == 6
    assert labels[0] == "Edit: two"

    priya.page.emulate_media(forced_colors="active")
    area = frame.get_by_label("New note")
    area.focus()
    assert area.evaluate("area => getComputedStyle(area).outlineStyle") == "solid"
    priya.page.emulate_media(forced_colors="none")

    save = frame.locator("#composer [type=submit]")
    expect(save).to_have_attribute("aria-disabled", "true")
    ground = "button => getComputedStyle(button).backgroundColor"
    before = save.evaluate(ground)
    save.hover()
    assert save.evaluate(ground) == before
