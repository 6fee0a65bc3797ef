"""Corners of the notebook: a cut connection, words of the other direction than the page's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.test_notes import PRIYA, forgive, live, write
from tests.support.browser import Person, beside
from widget.models import Note


def test_saved_again_after_the_connection_was_cut(
    person: Callable[..., Person], installed_by_click: Callable[..., None]
) -> None:
    """The server has saved the note, its answer is lost on the way."""
    installed_by_click()
    priya = person("alpha", PRIYA)
    frame = live(priya, "chat22")

    def cut(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        route.fetch()
        return route.abort("connectionreset")

    priya.page.route("**/api/v1/notes/", cut)
    frame.get_by_label("New note").fill("only once")
    frame.get_by_label("New note").press("Control+Enter")
    expect(frame.locator("#composer [role=alert]")).to_be_visible()
    expect(frame.get_by_label("New note")).to_have_value("only once")
    assert beside(Note.objects.count) == 1

    priya.page.unroute("**/api/v1/notes/")
    frame.get_by_label("New note").press("Control+Enter")
    expect(frame.get_by_label("New note")).to_have_value("")
    expect(frame.locator(".note[aria-busy]")).to_have_count(0)
    expect(frame.locator(".note")).to_have_count(1)
    assert beside(Note.objects.count) == 1
    forgive([priya], "ERR_CONNECTION_RESET")


@pytest.mark.parametrize("text", ["truck at 7:00", "شاحنة في 7:00"])
def test_a_box_stands_beside_its_words_whatever_the_direction_of_the_page(
    person: Callable[..., Person], installed_by_click: Callable[..., None], text: str
) -> None:
    installed_by_click()
    priya = person("alpha", PRIYA)
    write(live(priya, "chat22"), f"- [ ] {text}")
    for language in ("en", "ar"):
        frame = priya.open("chat22", language)
        gap = frame.locator(".task label").evaluate(
            """label => {
                const words = document.createRange();
                words.selectNodeContents(label.lastChild);
                const [a, b] = [label.querySelector("input"), words].map(x => x.getBoundingClientRect());
                return Math.max(b.left - a.right, a.left - b.right);
            }"""
        )
        assert gap >= 4, language
