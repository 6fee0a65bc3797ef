"""The operators' pages with 100 000 portals, walked by an operator and by an observer."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from operators.roles import Role
from portals.models import Portal
from tests.support import crowd
from tests.support.browser import Application, Watch, axe_violations, overflow
from tests.support.emulator import Emulator
from tests.support.opens import Opens
from tests.support.roles import PASSWORD, account, name_of

CROWD = 100_000
LISTS = ("portal", "portaltoken", "portalevent", "portaltransition", "apicall")
SignIn = Callable[..., Page]


@dataclass(frozen=True)
class Vendor:
    """100 000 portals that are nowhere, one that really is somewhere, and one that broke just now."""

    url: str
    real: Portal
    example: Portal


@pytest.fixture
def vendor(bitrix24: Emulator, live_application: Application, settings: Any) -> Vendor:
    """Made before a browser starts: nothing reads the database beside one."""
    settings.BITRIX24_OAUTH_URL, settings.PUBLIC_URL = [bitrix24.oauth_url], live_application.url
    assert Opens(bitrix24, Client()).install("alpha").status_code == 200
    bitrix24.control.install_finish("alpha", user_id=1)
    crowd.make(CROWD)
    for role in Role:
        account(role)
    example = Portal.objects.filter(status="blocked").order_by("-status_changed_at").first()
    assert example
    return Vendor(live_application.url, Portal.objects.exclude(app_code=crowd.CODE).get(), example)


@pytest.fixture
def sign_in(vendor: Vendor, browser: Browser) -> Iterator[SignIn]:
    """Signs in; whatever the window complains about fails the test."""
    opened: list[tuple[Page, Watch]] = []

    def enter(role: Role, scheme: Any = "light") -> Page:
        page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme).new_page()
        opened.append((page, Watch(page)))
        page.goto(f"{vendor.url}/admin/")
        page.locator("[name=username]").fill(name_of(role))
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("button[type=submit]").click()
        page.get_by_role("heading", name="Portals installed").wait_for()
        return page

    yield enter
    for page, _ in opened:
        page.context.close()
    assert [problem for _, watch in opened for problem in watch.problems] == []


def read(page: Page, address: str) -> None:
    """Whatever is there, it is whole and holds no secret."""
    answer = page.request.get(address)
    assert answer.ok, address
    html = answer.text()
    assert "</html>" in html
    assert not [secret for secret in crowd.SECRETS.values() if secret in html]


def inspect(page: Page, address: str) -> None:
    """Go there: it is whole, not too wide, readable for everybody, and holds no secret."""
    answer = page.goto(address)
    assert answer
    assert answer.ok, address
    html = page.content()
    assert not [secret for secret in crowd.SECRETS.values() if secret in html]
    assert overflow(page) <= 0, address
    # The frame around our pages is unfold's and keeps fewer good manners than axe-core knows.
    assert axe_violations(page, "wcag2a", "wcag2aa", "wcag21aa") == [], address


def walk(page: Page, vendor: Vendor, see: Callable[[Page, str], None]) -> list[str]:
    """Every link of the start page, every list with every filter, a portal's page: all that a role can see."""
    links: list[str] = page.locator("#content a").evaluate_all("found => found.map((a) => a.href)")
    lists = [f"{vendor.url}/admin/portals/{name}/" for name in LISTS]
    for address in lists:
        page.goto(address)
        links += page.locator("#changelist-filter a[href^='?']").evaluate_all("all => all.map((a) => a.href)")
    rows = [f"{address}{_first(page, address)}/change/" for address in lists]
    views = [
        f"{vendor.url}/admin/portals/portal/{vendor.real.pk}/change/?show={show}"
        for show in ("all", "calls", "errors")
    ]
    seen = sorted({*links, *lists, *rows, *views})
    for address in seen:
        see(page, address)
    return seen


def _first(page: Page, address: str) -> str:
    page.goto(address)
    href = page.locator("#result_list tbody a").first.get_attribute("href")
    assert href
    return href.split("/")[-3]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def says(page: Page, text: str) -> None:
    page.get_by_text(text).first.wait_for()


@pytest.mark.usefixtures("axe")
def test_pictures(sign_in: SignIn, vendor: Vendor, pictures: Path) -> None:
    pages = {
        "overview": "",
        "portals": "portals/portal/?status__exact=blocked",
        "portal": f"portals/portal/{vendor.example.pk}/change/",
    }
    for scheme in ("light", "dark"):
        page = sign_in(Role.OPERATOR, scheme)
        for name, address in pages.items():
            inspect(page, f"{vendor.url}/admin/{address}")
            page.wait_for_timeout(300)
            page.screenshot(path=pictures / f"operators-{name}-{scheme}.png", full_page=name != "portals")


@pytest.mark.proof
@pytest.mark.usefixtures("axe")
def test_the_walk(sign_in: SignIn, vendor: Vendor) -> None:
    """One test, as 100 000 portals are not made for each role; what differs between them is pressed in the end."""
    see_everything_and_press_nothing(sign_in(Role.OBSERVER), vendor)
    operator = sign_in(Role.OPERATOR)
    walk(operator, vendor, read)
    find(operator, vendor)
    repair(operator)
    block_and_unblock(operator)
    export_and_erase(operator, vendor)


def see_everything_and_press_nothing(page: Page, vendor: Vendor) -> None:
    seen = walk(page, vendor, inspect)
    assert len(seen) > 60
    page.goto(f"{vendor.url}/admin/portals/portal/{vendor.real.pk}/change/")
    assert page.locator(".op-acts").count() == 0
    page.goto(f"{vendor.url}/admin/portals/portal/")
    assert page.locator("select[name=action] option[value=refresh_now]").count() == 0


def find(page: Page, vendor: Vendor) -> None:
    page.goto(f"{vendor.url}/admin/portals/portal/")
    page.locator("#searchbar").fill(vendor.real.domain)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=vendor.real.domain).first.click()


def repair(page: Page) -> None:
    press(page, "Verify now")
    says(page, "Verify now: The installation is alive")
    press(page, "Refresh now")
    says(page, "Refresh now: 1 token refreshed.")
    press(page, "Reconcile handlers")
    says(page, "Reconcile handlers: The portal has the handlers we want.")
    press(page, "Compare handlers")
    says(page, "Compare handlers: The portal has what we want.")


def block_and_unblock(page: Page) -> None:
    page.get_by_role("link", name="Block", exact=True).click()
    inspect(page, page.url)
    page.get_by_label("Why").fill("Asked for by the customer, ticket 4711")
    press(page, "Block")
    says(page, "Asked for by the customer, ticket 4711")
    says(page, "operator:operator-at-work")
    assert page.locator(".op-head .op-pill").inner_text() == "blocked"
    press(page, "Unblock")
    says(page, "Unblock: The block is lifted")


def export_and_erase(page: Page, vendor: Vendor) -> None:
    with page.expect_download() as started:
        press(page, "Export data")
    exported = json.loads(Path(started.value.path()).read_text())
    assert exported["portal"]["member_id"] == vendor.real.member_id

    page.get_by_role("link", name="Erase", exact=True).click()
    inspect(page, page.url)
    page.locator("[name=domain]").fill("another.example")
    press(page, "Erase")
    says(page, "This is not the name of the portal")
    page.locator("[name=domain]").fill(vendor.real.domain)
    press(page, "Erase")
    says(page, "Erase: Everything we held of the portal is erased.")
    answer = page.goto(f"{vendor.url}/admin/portals/portal/?q={vendor.real.domain}")
    assert answer
    assert answer.ok
    assert page.locator("#result_list tbody a").count() == 0
