"""The system's Firefox, driven by WebDriver BiDi (w3.org/TR/webdriver-bidi); Playwright needs its own build."""

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from websockets.sync.client import ClientConnection, connect

T = TypeVar("T")
NAMES = ("firefox-esr", "firefox")
PATIENCE_SECONDS = 30
MIDDLE = (("left", "width"), ("top", "height"))
# What WebDriver calls keys without a letter.
KEYS = {"Control": "\ue009", "Enter": "\ue007", "Tab": "\ue004", "ArrowDown": "\ue015", "End": "\ue010"}


def firefox_path() -> str | None:
    """The first Firefox of this machine; None without one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Firefox:
    """A headless Firefox with one window; use as a context manager. ``folder`` gets its profile."""

    def __init__(self, path: str, folder: Path) -> None:
        self._command = [
            path,
            "--headless",
            "--remote-debugging-port=0",
            "--profile",
            str(folder),
            "about:blank",
        ]
        self._log = folder / "firefox.log"
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        found = waited(lambda: re.search(r"BiDi listening on (ws://\S+)", self._log.read_text()))
        self._socket: ClientConnection = connect(
            f"{found[1]}/session", max_size=None, proxy=None, legacy=True
        )
        self.call("session.new", capabilities={})
        [self.window] = [context["context"] for context in self._contexts()]
        self.call("browsingContext.activate", context=self.window)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def call(self, method: str, **params: Any) -> Any:
        """The result of a command."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE_SECONDS))
            if answer.get("id") == number:
                assert answer["type"] == "success", (method, answer)
                return answer["result"]

    def go(self, url: str) -> None:
        self.call("browsingContext.navigate", context=self.window, url=url, wait="complete")

    def frame(self, path: str) -> str:
        """The frame of the window that shows ``path``."""

        def shown() -> str | None:
            [window] = self._contexts()
            return next((each["context"] for each in window["children"] if path in each["url"]), None)

        return waited(shown)

    def run(self, context: str, expression: str) -> Any:
        """What an expression comes to: a text, a number, a truth or nothing."""
        result = self.call(
            "script.evaluate", expression=expression, target={"context": context}, awaitPromise=True
        )
        assert result["type"] == "success", result
        return result["result"].get("value")

    def wait(self, context: str, expression: str) -> Any:
        """The same, once it is true."""
        return waited(lambda: self.run(context, expression))

    def click(self, context: str, selector: str) -> None:
        """The pointer on the middle of an element, as soon as it is there."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.wait(context, f"Boolean({element})")
        box = f"{element}.getBoundingClientRect()"
        x, y = (self.run(context, f"Math.round({box}.{at} + {box}.{size} / 2)") for at, size in MIDDLE)
        steps = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}]
        self._act(
            context,
            {"type": "pointer", "id": "mouse", "actions": [*steps, {"type": "pointerUp", "button": 0}]},
        )

    def _act(self, context: str, source: dict[str, Any]) -> None:
        self.call("input.performActions", context=context, actions=[source])

    def press(self, context: str, *keys: str) -> None:
        """Keys at once: the first are held while the last is pressed."""
        held = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": key} for key in held]
        actions += [{"type": "keyUp", "value": key} for key in reversed(held)]
        self._act(context, {"type": "key", "id": "keyboard", "actions": actions})

    def type(self, context: str, text: str) -> None:
        for letter in text:
            self.press(context, letter)

    def _contexts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("browsingContext.getTree")["contexts"]
        return found


def waited(look: Callable[[], T | None]) -> T:
    """What ``look`` finds, once it does."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")
