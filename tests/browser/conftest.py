"""A real Chromium, the real application and an emulated Bitrix24, each in processes of its own.

Playwright's synchronous API keeps an event loop running in this thread, and Django refuses database work beside
one. So playwright lives for one test only, begins after the database of the test and ends before it is emptied.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import (
    AXE,
    COUNT_SHIFTS,
    FLAGS,
    Application,
    Person,
    Watch,
    chromium_path,
    free_port,
)
from tests.support.emulator import ROOT, Emulator

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
            # One worker, so one application and one emulator; two browsers at once would only slow each other down.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium() -> str:
    path = chromium_path()
    if path is None:
        pytest.skip("browser tests need Chromium: install it (Debian: apt install chromium) to run them")
    return path


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window; an error on its console or an uncaught one fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    watch = Watch(page)
    yield page
    context.close()
    assert [problem for problem in watch.problems if problem.startswith("error")] == []


@pytest.fixture(scope="session")
def live_emulator(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    state = tmp_path_factory.mktemp("emulator") / "state.json"
    with Emulator(app_url=f"http://127.0.0.1:{free_port()}", state_file=state) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def live_application(live_emulator: Emulator, django_db_setup: None) -> Iterator[Application]:
    port = int(live_emulator.app_url.rpartition(":")[2])
    database = settings.DATABASES["default"]["NAME"]
    with Application(port, database=database, oauth_url=live_emulator.oauth_url) as application:
        yield application


@pytest.fixture
def bitrix24(live_emulator: Emulator, live_application: Application, transactional_db: None) -> Emulator:
    """A fresh world around an application that knows nobody yet."""
    live_emulator.reset()
    return live_emulator


@pytest.fixture
def person(bitrix24: Emulator, browser: Browser) -> Iterator[Callable[..., Person]]:
    """Makes people: `person("alpha", 3)`; whatever their windows complain about fails the test.

    They write Markdown in the plain text field, since the rich editor does not come to them, unless `markdown` is
    False. Other keywords go to playwright's `new_context`. A test that expects a complaint empties
    `person.watch.problems`.
    """
    people: list[Person] = []

    def enter(key: str, user_id: int, *, markdown: bool = True, **options: Any) -> Person:
        options.setdefault("viewport", {"width": 1360, "height": 860})
        context = browser.new_context(**options)
        if markdown:
            context.route("**/widget/editor/", lambda route: route.fulfill(body=""))
        context.set_default_timeout(15_000)
        context.add_init_script(COUNT_SHIFTS)
        people.append(Person(context, bitrix24, key, user_id))
        return people[-1]

    yield enter
    assert [problem for each in people for problem in each.watch.problems] == []


@pytest.fixture
def installed_by_click(bitrix24: Emulator, person: Callable[..., Person]) -> Callable[[str], None]:
    """Installs on a portal, as its administrator does."""

    def install(key: str = "alpha") -> None:
        person(key, 1).install()

    return install


@pytest.fixture
def priya(person: Callable[..., Person], installed_by_click: Callable[..., None]) -> Person:
    """Somebody who writes in the rich editor, of a portal with the application."""
    installed_by_click()
    return person("alpha", 3, markdown=False)


@pytest.fixture
def pair(person: Callable[..., Person], installed_by_click: Callable[..., None]) -> tuple[Person, Person]:
    """Priya and Mei, members of chat 22, who both write Markdown."""
    installed_by_click()
    return person("alpha", 3), person("alpha", 7)


@pytest.fixture(scope="session")
def axe() -> None:
    if not AXE.exists():
        pytest.skip("accessibility tests need axe-core: run make setup")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: into the documentation if `SCREENSHOTS` is set."""
    return ROOT / "docs/screenshots" if os.environ.get("SCREENSHOTS") else tmp_path
