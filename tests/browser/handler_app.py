"""An application of three pages, each a bare HTML page with the official JS SDK as npm delivers it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from playwright.sync_api import Frame, Page, expect

from tests.support.emulator import Emulator

SDK = Path(__file__).resolve().parents[2] / "node_modules/@bitrix24/b24jssdk/dist/umd/index.min.js"
ADMIN = 1
LANG_ALL = {"en": {"TITLE": "Widget"}, "de": {"TITLE": "Notizen"}}
PAGE = b"""<!doctype html><html lang="en"><title>Handler</title>
<link rel="icon" href="data:,"><p id="state">starting</p>
<script src="/b24.js"></script>
<script>
  window.B24Js.initializeB24Frame().then(
    (b24) => { window.b24 = b24; document.getElementById("state").textContent = "ready"; },
    (error) => { document.getElementById("state").textContent = String(error); },
  );
</script></html>"""


class HandlerApp:
    """Serves on a free port of 127.0.0.1 while it is entered.

    `opens` keeps what was posted: path, query and body fields.
    """

    def __init__(self) -> None:
        self.opens: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        opens = self.opens

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("text/javascript", SDK.read_bytes())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                address = urlsplit(self.path)
                opens.append((address.path, dict(parse_qsl(address.query)), dict(parse_qsl(body))))
                self._answer("text/html; charset=utf-8", PAGE)

            def _answer(self, content_type: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silence: the test's own output is what matters."""

        return Handler


def install_with_widget(emulator: Emulator, handler: HandlerApp) -> None:
    """Leaves the application on every portal as a finished installer would: with one widget."""
    for key, portal in emulator.portals.items():
        emulator.control.install(key, ADMIN)
        token = emulator.control.tokens(key, ADMIN)["access_token"]
        answer = requests.post(
            f"{portal.client_endpoint}placement.bind",
            json={
                "auth": token,
                "PLACEMENT": "IM_SIDEBAR",
                "HANDLER": f"{handler.url}/widget/",
                "LANG_ALL": LANG_ALL,
                "OPTIONS": {"iconName": "fa-book", "context": "ALL", "role": "USER", "extranet": "N"},
            },
            timeout=10,
        )
        assert answer.json()["result"] is True
        emulator.control.install_finish(key, ADMIN)


def visit(page: Page, emulator: Emulator, path: str, user: int, key: str = "alpha", **params: str) -> None:
    """Opens a page of a portal as one of its users."""
    page.goto(f"{emulator.portals[key].url}{path}?{urlencode({'as': user, **params})}")


def frame_in(page: Page, selector: str) -> Frame:
    """The application's frame, once its SDK is ready."""
    element = page.locator(f"{selector} iframe")
    expect(element.content_frame.locator("#state")).to_have_text("ready")
    handle = element.element_handle()
    frame = handle.content_frame()
    assert frame is not None
    return frame
