"""What somebody does who writes in the rich editor."""

from playwright.sync_api import Frame, Locator, Route, expect

from tests.support.browser import Person, beside
from widget.models import Note

GROUP = "chat22"


def writing(frame: Frame, name: str = "New note") -> Locator:
    """The rich text, once it has taken the place of the text field."""
    frame.get_by_role("textbox", name=name).click()
    text = frame.locator(".rich-text")
    expect(text).to_be_focused()
    return text


def tool(frame: Frame, name: str) -> None:
    frame.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def press(somebody: Person, *keys: str) -> None:
    for key in keys:
        somebody.page.keyboard.press(key)


def saved(somebody: Person, frame: Frame) -> str:
    count = beside(Note.objects.count)
    press(somebody, "Control+Enter")
    expect(frame.locator(".note[aria-busy]")).to_have_count(0)
    expect(frame.locator(".note[data-note]")).to_have_count(count + 1)
    return beside(lambda: Note.objects.latest("pk").text)


def paste(text: Locator, **data: str) -> None:
    text.evaluate(
        """async (element, data) => {
            // A selection by the last key is told of with the next frame.
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            const clipboardData = new DataTransfer();
            for (const [kind, value] of Object.entries(data)) clipboardData.setData(`text/${kind}`, value);
            element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        data,
    )


def edited(frame: Frame) -> Locator:
    """The field of the first note that can be edited, opened."""
    frame.locator(".note").get_by_role("button", name="Edit").first.click()
    return frame.get_by_label("Text of the note")


def save(frame: Frame) -> None:
    """Press the editor's button."""
    frame.locator(".editor").get_by_role("button", name="Save", exact=True).click()


def stored() -> str:
    """What the only note says."""
    return beside(lambda: Note.objects.get().text)


def everywhere(frame: Frame) -> str:
    """All that is in view: notes, fields and drafts of a page."""
    said: str = frame.evaluate(
        "[document.body.innerText, ...[...document.querySelectorAll('textarea')].map(a => a.value)].join('\\n')"
    )
    return said


class Held(list[Route]):
    """Requests that get no answer before `release`."""

    released = False

    def release(self) -> None:
        """They go on, and so does what comes from now on."""
        self.released = True
        for route in self:
            route.continue_()


def held(person: Person, method: str, pattern: str = "**/api/v1/notes/**") -> Held:
    """Hold back a person's requests of a method."""
    waiting = Held()

    def hold(route: Route) -> None:
        if route.request.method == method and not waiting.released:
            waiting.append(route)
        else:
            route.continue_()

    person.page.route(pattern, hold)
    return waiting
