"""A self-hosted portal that people reach under two host names."""

from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.support.emulator import Emulator

PRIYA = 3
PAGE = """
<!doctype html><title>Bitrix24</title>
<iframe name="{name}|0|{sid}" width="400" height="700"></iframe>
<form method="post" action="{url}" target="{name}|0|{sid}">{fields}</form>
<script>document.forms[0].submit()</script>
"""


def test_the_notebook_opens_under_the_second_name(
    bitrix24: Emulator, installed_by_click: Callable[..., None], page: Page
) -> None:
    installed_by_click()
    form = bitrix24.control.open("alpha", PRIYA, "chat22")
    first, second = bitrix24.portals["alpha"].domain, "intranet.example"
    url = form["url"].replace(quote(first, safe=""), second)
    fields = "".join(
        f"<input type=hidden name='{name}' value='{value}'>" for name, value in form["fields"].items()
    )
    shown = PAGE.format(name=second, sid=form["app_sid"], url=url.replace("&", "&amp;"), fields=fields)
    page.route(f"http://{second}/**", lambda route: route.fulfill(body=shown, content_type="text/html"))

    page.goto(f"http://{second}/online/")

    expect(page.frame_locator("iframe").get_by_role("tab", name="Notes")).to_be_visible()
