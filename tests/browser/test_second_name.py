"""A self-hosted portal that people reach under two host names."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.support.emulator import Emulator

PRIYA = 3
PAGE = """
<!doctype html><title>Bitrix24</title><link rel="icon" href="data:,">
<iframe name="{name}|0|{sid}" width="400" height="700"></iframe>
<form method="post" action="{url}" target="{name}|0|{sid}">{fields}</form>
<script>document.forms[0].submit()</script>
"""


class Portal(HTTPServer):
    """The page that a portal shows around a frame, under a name of its own."""

    page = ""

    @property
    def domain(self) -> str:
        return f"intranet.localhost:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page.encode())


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_notebook_opens_under_the_second_name(
    bitrix24: Emulator, installed_by_click: Callable[..., None], page: Page, portal: Portal
) -> None:
    installed_by_click()
    form = bitrix24.control.open("alpha", PRIYA, "chat22")
    first = bitrix24.portals["alpha"].domain
    url = form["url"].replace(quote(first, safe=""), quote(portal.domain, safe=""))
    fields = "".join(
        f"<input type=hidden name='{name}' value='{value}'>" for name, value in form["fields"].items()
    )
    portal.page = PAGE.format(
        name=portal.domain, sid=form["app_sid"], url=url.replace("&", "&amp;"), fields=fields
    )

    page.goto(f"http://{portal.domain}/online/")

    expect(page.frame_locator("iframe").get_by_role("tab", name="Notes")).to_be_visible()
