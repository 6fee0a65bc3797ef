"""What browser tests share: the system's Chromium, and the application as processes of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from django.db import connections
from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, Page, Response

from tests.support import leaks
from tests.support.emulator import Emulator

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
NAMES = ("/usr/bin/chromium", "chromium", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Frames of other sites get no storage, as in private windows: nothing of ours may need it.
    "--test-third-party-cookie-phaseout",
]
START_SECONDS = 30
STOP_SECONDS = 15
PATIENCE_SECONDS = 15
COUNT_SHIFTS = """
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def chromium_path() -> str | None:
    """The first Chromium of this machine; None without one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Application:
    """Granian serving `sidebar_project.wsgi` on a port of its own; use as a context manager.

    `database` names the (test) database on the server of DATABASE_URL; `root` is the project that is served.
    """

    root = ROOT

    def __init__(self, port: int, *, database: str, oauth_url: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        address = urlsplit(os.environ["DATABASE_URL"])
        self.environment = os.environ | {
            "DATABASE_URL": urlunsplit(address._replace(path=f"/{database}")),
            "PUBLIC_URL": self.url,
            "BITRIX24_OAUTH_URL": oauth_url,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Application":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, **changed: str) -> None:
        """Start and wait until it is ready; `changed` variables hold from now on."""
        self.environment |= changed
        command = [str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--blocking-threads", "4", "sidebar_project.wsgi:application"]
        with leaks.output("web") as log:
            self._process = subprocess.Popen(
                command, cwd=self.root, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("The application did not start; run the command of Procfile to see why.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it and wait."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self, **changed: str) -> None:
        """Stop and start."""
        self.stop()
        self.start(**changed)

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False


class Watch:
    """Collects what a window complains about: console errors and warnings, exceptions, failed requests."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.url}")


class Person:
    """Somebody at the messenger of a portal, in a window of their own."""

    def __init__(self, context: BrowserContext, emulator: Emulator, key: str, user_id: int) -> None:
        self.page = context.new_page()
        self.watch = Watch(self.page)
        self.portal = emulator.portals[key].url
        self.user_id = user_id

    def market(self) -> None:
        """The Market page of the portal."""
        self.page.goto(f"{self.portal}/market/?as={self.user_id}")

    def install(self) -> None:
        """One click in the Market; ends when the application page stands where the installer was."""
        self.market()
        self.page.locator("[data-product]").first.locator("[data-action=install]").click()
        self.slider("/app/").get_by_role("heading", name="Where to find it").wait_for()

    def slider(self, path: str) -> Frame:
        """The application's frame in the slider, once it shows `path`."""
        return self._frame(path)

    def chat(self, dialog_id: str, language: str = "en") -> None:
        """The messenger at a chat, as this person names it."""
        self.page.goto(f"{self.portal}/online/?as={self.user_id}&dialog={dialog_id}&lang={language}")

    def open(self, dialog_id: str, language: str = "en") -> Frame:
        """The sidebar's item in a chat: its Applications block, a click, the frame."""
        self.chat(dialog_id, language)
        self.page.locator("[data-applications] [data-app]").click()
        frame = self._frame("/widget/")
        frame.locator("main").wait_for()
        return frame

    def _frame(self, path: str) -> Frame:
        """The frame that shows `path`; Bitrix24 puts a new one where the installer's was."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for frame in self.page.frames:
                if urlsplit(frame.url).path == path:
                    frame.wait_for_load_state("load")
                    return frame
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no frame shows {path}: {[frame.url for frame in self.page.frames]}")


def beside(work: Callable[[], T]) -> T:
    """Database work while playwright's loop runs in the thread of the test: done in another one."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(run).result()


def write(frame: Frame, text: str) -> None:
    """Write a note in the composer and wait until it is saved."""
    frame.get_by_role("textbox", name="New note").fill(text)
    frame.get_by_role("button", name="Save").click()
    frame.locator("#notes > li[data-note]:not([aria-busy])").first.wait_for()


def axe_violations(frame: Frame | Page, *tags: str) -> list[str]:
    """What axe-core finds in this document without its frames: by its default rules, or by those with ``tags``."""
    frame.evaluate(AXE.read_text())
    options: dict[str, Any] = {"iframes": False} | ({"runOnly": list(tags)} if tags else {})
    found: list[dict[str, Any]] = frame.evaluate(
        "(options) => axe.run(document, options).then((r) => r.violations)", options
    )
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def overflow(frame: Frame | Page) -> int:
    """CSS pixels by which the document is wider than its window."""
    wide: int = frame.evaluate(
        "Math.max(...[document.documentElement, document.body].map((box) => box.scrollWidth - box.clientWidth))"
    )
    return wide


def layout_shift(frame: Frame | Page) -> float:
    """The sum of layout shifts since the load that nobody's input caused; needs `COUNT_SHIFTS`."""
    shift: float = frame.evaluate("window.layoutShift")
    return shift
