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
# Presses the item; answers when, in milliseconds of the wall clock.
PRESS = """(item) => { const at = performance.timeOrigin + performance.now(); item.click(); return at; }"""
# The notes are in the page as it comes: its first paint with content shows them.
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  const [paint] = list.getEntriesByName("first-contentful-paint");
  if (paint && document.querySelector(".note")) done(performance.timeOrigin + paint.startTime);
}).observe({ type: "paint", buffered: true }))"""


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
