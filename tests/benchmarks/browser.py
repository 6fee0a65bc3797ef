"""What a person sees: from the press on the item to readable notes, in Chromium, Bitrix24 `DELAY_MS` away."""

import os
import statistics
from urllib.parse import urlsplit

from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.opens import CHAT, DELAY_MS, NOTES, PERSON
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.world import World
from tests.support.browser import FLAGS, Application, Person, beside, chromium_path, free_port
from tests.support.emulator import Emulator
from tests.support.opens import Opens, frame_data

PRESSES = 15
KEYS = 200
USABLE_MS, FRAME_MS = 300, 16
# As long as a note may be, almost; of blocks as people write them.
LONG = "\n\n".join(f"## Part {n}\n\nWe **agreed** on {n}.\n\n- [ ] call {n}\n- [x] done" for n in range(320))
# Presses the item; answers when, in milliseconds of the wall clock.
PRESS = """(item) => { const at = performance.timeOrigin + performance.now(); item.click(); return at; }"""
# The notes are in the page as it comes: its first paint with content shows them.
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  const [paint] = list.getEntriesByName("first-contentful-paint");
  if (paint && document.querySelector(".note")) done(performance.timeOrigin + paint.startTime);
}).observe({ type: "paint", buffered: true }))"""

# Milliseconds that each key takes: the text changed, its Markdown written, the page laid out.
TIMED = """(box) => {
  window.keys = [];
  let pressed = 0;
  box.addEventListener("keydown", () => { pressed = performance.now(); }, true);
  box.addEventListener("input", () => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      document.body.getBoundingClientRect();
      window.keys.push(performance.now() - pressed);
    };
    port2.postMessage("");
  });
}"""


def run(world: World, report: Report) -> None:
    """A world of its own, whose frames lead to a web process of ours."""
    path = chromium_path()
    if path is None:
        say("  · no Chromium on this machine: left out")
        return
    port = free_port()
    with Emulator(app_url=f"http://127.0.0.1:{port}") as emulator:
        mine = World(emulator, world.folder)
        mine.clean()
        database = urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")
        with (
            Application(port, database=database, oauth_url=",".join(emulator.oauth_urls)) as application,
            sync_playwright() as playwright,
        ):
            beside(lambda: _notes(emulator, application))
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            person = Person(browser.new_context(), emulator, "alpha", PERSON)
            for key in ("alpha", "oauth"):
                emulator.control.fault(key, delay_ms=DELAY_MS)
            _measure(person, report)
            _write(person, report)
            browser.close()


def _notes(emulator: Emulator, application: Application) -> None:
    from django.conf import settings  # noqa: PLC0415

    settings.BITRIX24_OAUTH_URL, settings.PUBLIC_URL = emulator.oauth_urls, application.url
    opens = Opens(emulator, Client())
    assert opens.install().status_code == 200
    emulator.control.install_finish("alpha")
    emulator.control.bucket("alpha", enabled=False)
    api = opens.api(frame_data(opens.widget("alpha", PERSON, CHAT))["session"])
    for number in range(NOTES):
        api.add(f"Agreement **{number}** of the meeting")


def _measure(person: Person, report: Report) -> None:
    person.chat(CHAT)
    _press(person.page)  # once, for what a browser keeps
    for name in ("known", "unknown"):
        seen = []
        for _ in range(PRESSES):
            if name == "unknown":
                beside(cache.clear)
            person.chat(CHAT)
            seen.append(_press(person.page))
        report.add(
            Figure(
                f"from the press to readable notes, {name} viewer, p50",
                statistics.median(seen),
                DELAY_MS,
                "ms",
                note=f"Chromium, {NOTES} notes, a new token; baseline: one delay of {DELAY_MS} ms by itself",
            )
        )


def _write(person: Person, report: Report) -> None:
    """The rich editor: until somebody can write, and what a key takes in a note as long as notes may be."""
    seen = []
    for _ in range(PRESSES):
        frame = person.open(CHAT)
        person.page.wait_for_load_state("networkidle")
        field = frame.locator("#composer textarea")
        pressed = field.evaluate("(area) => { const at = performance.now(); area.focus(); return at; }")
        frame.locator(".rich-text").wait_for()
        ready = "() => new Promise((done) => requestAnimationFrame(() => done(performance.now())))"
        seen.append(frame.evaluate(ready) - pressed)
    note = f"Chromium, after the first load; baseline: {USABLE_MS} ms"
    usable = statistics.median(seen[1:])
    report.add(
        Figure("from the press to the rich editor, p50", usable, USABLE_MS, "ms", at_most=1, note=note)
    )
    frame.locator(".rich-text").evaluate(TIMED)
    frame.locator(".rich-text").evaluate(
        """(box, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        LONG,
    )
    frame.evaluate("() => { window.keys = []; }")
    person.page.keyboard.type("word " * (KEYS // 5), delay=30)  # as fast as somebody types
    taken = sorted(frame.evaluate("() => window.keys"))
    note = f"Chromium, {len(LONG)} characters of Markdown; baseline: {FRAME_MS} ms"
    p95 = taken[int(len(taken) * 0.95)]
    report.add(Figure("a key in a long note, p95", p95, FRAME_MS, "ms", at_most=1, note=note))


def _press(page: Page) -> float:
    """Milliseconds until the notes can be read."""
    item = page.locator("[data-applications] [data-app]")
    item.wait_for()
    page.wait_for_load_state("networkidle")
    pressed = item.evaluate(PRESS)
    page.wait_for_function("() => document.querySelector('[data-app-frame] iframe')")
    while True:
        for frame in page.frames:
            if urlsplit(frame.url).path == "/widget/":
                painted = frame.evaluate(PAINTED)
                return float(painted - pressed)
        page.wait_for_timeout(10)
