"""Nothing that somebody typed, deleted or was shown disappears unseen: drafts, merging, the bin, held news."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Frame, Page, Route, expect

from tests.browser.test_notes import MEI, NEWS_MS, PRIYA, edit, forgive, live, news, write
from tests.support.browser import Application, Person, beside
from tests.support.emulator import Emulator
from widget.models import Chat, Note

NOTES = "**/api/v1/notes/"
# Where Bitrix24 is the window around us, which no page without one has.
BITRIX24 = """
const kept = (window.options = {});
export async function userOption(name, value) {
  if (value) kept[name] = value;
  else if (value === "") delete kept[name];
  return kept[name] ?? "";
}
"""
DRAFTS = """
const { Draft, Edits } = await import("/static/widget/drafts.js");
const frame = { member_id: "m", dialog_id: "chat22", viewer_id: 3 };
const handed = () => dispatchEvent(new Event("pagehide"));
"""
TWO_FRAMES = f"""async () => {{{DRAFTS}
const [sidebar, slider, later] = [new Edits(frame), new Edits(frame), new Edits(frame)];
await Promise.all([sidebar.load([]), slider.load([])]);
sidebar.put("5", {{ text: "for an hour", version: 1 }});
slider.put("6", {{ text: "at once", version: 1 }});
slider.put("6", null);
await later.load([]);
const edits = later.all.map(([id, edit]) => [id, edit.text]);
const [mine, other] = [new Draft(frame, "draft"), new Draft(frame, "draft")];
mine.write({{ text: "mine" }});
other.write({{ text: "of the other" }});
mine.write(null);
return [Object.fromEntries(edits), (await new Draft(frame, "draft").read()).text];
}}"""
NO_ROOM = f"""async () => {{{DRAFTS}
localStorage.clear();
for (let size = 2 ** 22; size > 400; size /= 2)
  try {{ localStorage.setItem(`fill${{size}}`, "x".repeat(size)); }} catch {{}}
const draft = new Draft(frame, "draft");
draft.write({{ text: "too long", more: "x".repeat(2000) }});
handed();
const long = await new Draft(frame, "draft").read();
localStorage.clear();
draft.write({{ text: "short" }});
handed();
const short = await new Draft(frame, "draft").read();
draft.write(null);
return [long?.text, short?.text, [...Object.keys(window.options), ...Object.keys(localStorage)]];
}}"""


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


def test_two_frames_of_one_notebook_leave_each_other_their_drafts(
    people: tuple[Person, Person], person: Callable[..., Person]
) -> None:
    priya, again = people[0], person("alpha", PRIYA)
    frame = live(priya, "chat22")
    for text in ("one", "two"):
        write(frame, text)
    other = live(again, "chat22")
    with kept(priya.page, "edits"):
        editing(frame, "one").get_by_label("Text of the note").fill("one, written for an hour")
    with kept(again.page, "edits"):
        mine = editing(other, "two")
        mine.get_by_label("Text of the note").fill("two, at once")
    with kept(again.page, '"value":""'):
        mine.get_by_role("button", name="Save", exact=True).click()
    expect(other.locator(".editor")).to_have_count(0)

    expect(live(priya, "chat22").get_by_label("Text of the note")).to_have_value("one, written for an hour")


def test_drafts_in_the_storage_of_the_browser(
    bitrix24: Emulator, live_application: Application, browser: Browser
) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.route(
        "**/static/portals/frames/parent.js",
        lambda route: route.fulfill(body=BITRIX24, content_type="text/javascript"),
    )
    page.goto(f"{live_application.url}/healthz")
    page.add_script_tag(type="importmap", content='{"imports": {"#frames/": "/static/portals/frames/"}}')

    assert page.evaluate(TWO_FRAMES) == [{"5": "for an hour"}, "of the other"]
    page.reload()
    page.add_script_tag(type="importmap", content='{"imports": {"#frames/": "/static/portals/frames/"}}')
    assert page.evaluate(NO_ROOM) == ["too long", "short", []]
    page.context.close()


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


def test_the_answer_is_lost_and_what_others_made_of_the_note_meanwhile_is_not(
    people: tuple[Person, Person],
) -> None:
    priya, mei = [live(each, "chat22") for each in people]

    def cut(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        route.fetch()
        return route.fulfill(status=201, body='{"id":', content_type="application/json")

    people[0].page.route(NOTES, cut, times=1)
    area = priya.get_by_label("New note")
    area.fill("Buy milk\n\nand bread")
    area.press("Control+Enter")
    expect(priya.locator("#composer [role=alert]")).to_be_visible()
    expect(mei.locator(".note")).to_have_count(1, timeout=NEWS_MS)
    edit(mei.locator(".note"), "Buy oat milk\n\nand bread")
    expect(mei.locator(".note-text", has_text="oat")).to_be_visible()

    area.fill("Buy milk\n\nand bread\n\ntoday")
    area.press("Control+Enter")
    expect(area).to_have_value("")
    expect(priya.locator(".note[aria-busy]")).to_have_count(0)
    assert beside(lambda: [note.text for note in Note.objects.all()]) == [
        "Buy oat milk\n\nand bread\n\ntoday"
    ]
    forgive([*people], "422")


def test_an_answer_cut_on_the_way_is_none_and_updates_go_on(people: tuple[Person, Person]) -> None:
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "Rent is 900")

    def cut(route: Route) -> None:
        route.fulfill(status=200, body='{"results":[{"id":', content_type="application/json")

    with people[0].page.expect_response("**/notes/changes/*", timeout=NEWS_MS) as answered:
        people[0].page.route("**/notes/changes/*", cut, times=1)
        write(mei, "from Mei")
    assert answered.value.status == 200
    expect(news(priya)).to_be_visible(timeout=NEWS_MS)

    people[0].page.route("**/api/v1/notes/*/", cut, times=1)
    mine = editing(priya, "Rent")
    mine.get_by_label("Text of the note").fill("Rent is 950")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.get_by_role("alert")).to_contain_text("connection")
    expect(mine.get_by_label("Text of the note")).to_have_value("Rent is 950")


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
    expect(mine.get_by_role("region", name="Merged")).to_contain_text("together with what others")

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
    expect(mei.locator(".note")).to_have_count(1, timeout=NEWS_MS)
    # Deleted before it saves itself.
    mine.get_by_label("Text of the note").fill("more precious")
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


def test_deleted_and_restored_by_somebody_else_a_note_stays(people: tuple[Person, Person]) -> None:
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "precious")
    expect(mei.locator(".note")).to_have_count(1, timeout=NEWS_MS)
    mei.locator(".note").get_by_role("button", name="Delete").click()
    mei.locator(".note-ask").get_by_role("button", name="Delete").click()
    expect(news(priya)).to_be_visible(timeout=NEWS_MS)

    mei.get_by_role("button", name="Undo").click()
    expect(mei.locator(".note-text")).to_have_text("precious")
    expect(news(priya)).to_be_hidden(timeout=NEWS_MS)
    expect(priya.locator(".note-text")).to_have_text("precious")


def test_what_was_found_before_a_change_was_heard_of_is_looked_for_again(
    people: tuple[Person, Person],
) -> None:
    priya, mei = [live(each, "chat22") for each in people]
    write(priya, "a tree")
    expect(mei.locator(".note")).to_have_count(1, timeout=NEWS_MS)
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)
        found = route.fetch()
        expect(mei.locator("#notes .note")).to_have_count(1)
        edit(mei.locator(".note"), "a tree\n\nin the garden")
        expect(mei.locator(".note-text", has_text="garden")).to_be_visible()
        polled(people[0].page, known=1)
        expect(news(priya)).to_be_visible()
        route.fulfill(response=found)

    people[0].page.route(re.compile(r"notes/\?q="), hold, times=1)
    priya.get_by_role("searchbox").fill("tree")
    expect(priya.locator(".note-text")).to_contain_text("garden", timeout=NEWS_MS)
    expect(news(priya)).to_be_hidden()


def test_an_old_note_out_of_the_bin_moves_no_page(people: tuple[Person, Person]) -> None:
    live(people[0], "chat22")

    def fill() -> None:
        chat = Chat.objects.get()
        notes = [
            Note(chat=chat, text=f"note {n}", html=f"<p>note {n}</p>", author_id=PRIYA, changed_in=n)
            for n in range(1, 111)
        ]
        notes[4].deleted_at, notes[4].deleter_id = timezone.now(), PRIYA
        Note.objects.bulk_create(notes)
        Chat.objects.update(revision=110)

    beside(fill)
    frame = live(people[0], "chat22")
    frame.get_by_role("button", name="Recycle bin").click()
    frame.locator("#bin li").get_by_role("button", name="Restore").click()
    expect(frame.locator("#notes .note")).to_have_count(51)
    frame.get_by_role("button", name="Show older notes").click()
    expect(frame.locator("#notes .note")).to_have_count(101)
    frame.get_by_role("button", name="Show older notes").click()
    expect(frame.locator("#notes .note")).to_have_count(110)
    shown = frame.locator("#notes .note-text").all_text_contents()
    assert [text.strip() for text in shown] == [f"note {n}" for n in range(110, 0, -1)]


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
