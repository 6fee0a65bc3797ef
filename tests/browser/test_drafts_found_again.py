"""What was typed is found again, whatever became of its page."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.browser import Person, write
from tests.support.writing import GROUP, edited, everywhere, held

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


def test_two_tabs_a_draft_is_not_lost_by_the_other_tabs_save(pair: Pair, person: Any) -> None:
    priya, _ = pair
    again = person("alpha", PRIYA)
    frame, other = priya.open(GROUP), again.open(GROUP)
    with priya.page.expect_response(lambda a: "/_ui/option" in a.url):
        frame.get_by_label("New note").fill("long words of the first tab")
    frame.wait_for_timeout(800)
    with again.page.expect_response(lambda a: "/_ui/option" in a.url):
        other.get_by_label("New note").fill("second")
    with again.page.expect_response(lambda a: "/_ui/option" in a.url):
        other.get_by_label("New note").press("Control+Enter")
    expect(other.locator(".note-text")).to_have_text("second")
    # Whoever comes back to the first, or leaves it while its window stays.
    with priya.page.expect_response(lambda a: "/_ui/option" in a.url):
        frame.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    back = priya.open(GROUP)
    back.wait_for_timeout(2500)
    assert "long words of the first tab" in everywhere(back)


def test_an_editor_opened_before_drafts_arrive_throws_none_away(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    priya.page.context.set_offline(False)
    held(priya, "PATCH")
    area = edited(frame)
    with priya.page.expect_response(
        lambda a: "/_ui/option" in a.url and "edits" in (a.request.post_data or "")
    ):
        area.fill("Rent is 950, my long work")
    frame.wait_for_timeout(1000)
    waiting = held(priya, "GET", "**/dist/b24.js")
    frame = priya.open(GROUP)
    area = edited(frame)
    expect(area).to_have_value("Rent is 900")
    frame.locator(".editor").get_by_role("button", name="Cancel").click()
    waiting.release()
    frame.wait_for_timeout(2500)
    now = everywhere(frame)
    frame = priya.open(GROUP)
    frame.wait_for_timeout(2500)
    assert "my long work" in now + everywhere(frame)


def test_an_editor_opened_before_drafts_arrive_does_not_write_over_them(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    held(priya, "PATCH")
    area = edited(frame)
    with priya.page.expect_response(
        lambda a: "/_ui/option" in a.url and "edits" in (a.request.post_data or "")
    ):
        area.fill("Rent is 950, my long work")
    frame.wait_for_timeout(1000)
    waiting = held(priya, "GET", "**/dist/b24.js")
    frame = priya.open(GROUP)
    area = edited(frame)
    area.press("End")
    area.press_sequentially("!")
    waiting.release()
    frame.wait_for_timeout(3000)
    now = everywhere(frame)
    frame = priya.open(GROUP)
    frame.wait_for_timeout(2500)
    assert "my long work" in now + everywhere(frame)


def test_words_in_the_composer_stay_readable_when_writing_is_withdrawn(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    frame.get_by_label("New note").fill("my long work")
    frame.wait_for_timeout(1500)
    frame.evaluate("document.getElementById('notebook').toggleAttribute('data-read-only', true)")
    assert frame.get_by_label("New note").is_visible()


def test_who_may_no_longer_write_can_read_the_own_draft(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    area = edited(frame)
    area.fill("Rent is 950, edited work")
    composer = frame.get_by_label("New note")
    composer.fill("composer work")

    def renewed(route: Route) -> None:
        answer = route.fetch()
        body = answer.json() | {"can_write": False}
        route.fulfill(response=answer, json=body)

    asked: list[int] = []

    def end(route: Route) -> None:
        if asked:
            return route.continue_()
        asked.append(1)
        return route.fulfill(status=401, body='{"code":"session"}', content_type="application/problem+json")

    priya.page.route("**/session/", renewed)
    priya.page.route("**/notes/changes/*", end)
    expect(frame.locator("#read-only")).to_be_visible(timeout=20_000)
    visible = [a for a in frame.locator("textarea:visible").all() if a.input_value()]
    assert {a.input_value() for a in visible} == {"Rent is 950, edited work", "composer work"}


def test_a_panel_closed_right_after_the_last_key_keeps_the_words(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    frame.get_by_label("New note").click()
    priya.page.keyboard.type("half a minute of steady typing", delay=200)
    priya.page.locator("[data-app-frame] iframe").evaluate("frame => frame.remove()")
    priya.page.wait_for_timeout(1500)
    back = priya.open(GROUP)
    back.wait_for_timeout(2500)
    assert "half" in everywhere(back)


def test_steady_typing_is_kept_now_and_then(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    frame.get_by_label("New note").click()
    sent: list[str] = []
    priya.page.on("request", lambda r: sent.append(r.url) if "/_ui/option" in r.url else None)
    priya.page.keyboard.type("x" * 40, delay=250)
    assert sent


def test_a_bin_that_does_not_come_says_so(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    priya.page.route("**/later*.js", lambda route: route.abort())
    before = everywhere(frame)
    frame.get_by_role("button", name="Recycle bin").click()
    frame.wait_for_timeout(1500)
    assert everywhere(frame) != before


def test_a_draft_that_waited_for_the_search_to_end_is_open_then(pair: Pair) -> None:
    priya, _ = pair
    frame = priya.open(GROUP)
    write(frame, "Rent is 900")
    write(frame, "Other")
    held(priya, "PATCH")
    frame.locator(".note", has_text="Rent").get_by_role("button", name="Edit").click()
    area = frame.get_by_label("Text of the note")
    with priya.page.expect_response(
        lambda a: "/_ui/option" in a.url and "edits" in (a.request.post_data or "")
    ):
        area.fill("Rent is 950, my long work")
    frame.wait_for_timeout(1000)
    waiting = held(priya, "GET", "**/dist/b24.js")
    frame = priya.open(GROUP)
    frame.get_by_role("searchbox").fill("Other")
    expect(frame.locator(".note")).to_have_count(1)
    waiting.release()
    frame.wait_for_timeout(1500)
    frame.get_by_role("searchbox").fill("")
    expect(frame.locator(".note")).to_have_count(2)
    frame.wait_for_timeout(1500)
    assert "my long work" in everywhere(frame)
