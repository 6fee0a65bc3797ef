"""An operator's first sign-in and second one, in a real browser, with codes that a phone would show."""

import re
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from operators import accounts
from operators.accounts import Wish
from operators.roles import Role
from tests.support.browser import AXE, Application

PASSWORD = "harbour-lantern-42"
STEP = 30


@pytest.fixture
def mia(transactional_db: None) -> None:
    """Before the browser: playwright's loop and Django's database do not go together in one thread."""
    accounts.put("mia", Wish(role=Role.OPERATOR, password=PASSWORD))


@pytest.fixture
def guarded(live_application: Application) -> Iterator[str]:
    """The application as production has it: nobody gets in by a password alone."""
    live_application.restart(ADMIN_REQUIRE_SECOND_FACTOR="true")
    yield live_application.url
    live_application.restart(ADMIN_REQUIRE_SECOND_FACTOR="false")


def shown_by_the_phone(secret: str, *, later: int = 0) -> str:
    """What an authenticator shows that has the base32 ``secret``, ``later`` steps from now."""
    text = secret.replace(" ", "")
    totp = TOTP(b32decode(text + "=" * (-len(text) % 8)))
    totp.time = time() + later * STEP
    return f"{totp.token():06}"


def give_password(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/portals/portal/")
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def problems_of(page: Page) -> list[str]:
    page.evaluate(Path(AXE).read_text())
    found = page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa'] })")
    return [f"{violation['id']}: {violation['nodes'][0]['html']}" for violation in found["violations"]]


def test_enrolling_and_signing_in_with_an_authenticator(
    mia: None, guarded: str, page: Page, axe: None
) -> None:
    give_password(page, guarded)
    expect(page.get_by_role("heading", name="Set up your authenticator")).to_be_visible()
    expect(page.get_by_role("img", name="QR code").locator("svg")).to_be_visible()
    assert problems_of(page) == []
    secret = page.locator("#secret").inner_text()
    page.get_by_role("textbox").fill(shown_by_the_phone(secret))
    page.get_by_role("button", name="Switch it on").click()

    codes = page.locator("#recovery-codes li")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    assert problems_of(page) == []
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(re.compile(r"/admin/portals/portal/$"))

    page.context.clear_cookies()
    give_password(page, guarded)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert problems_of(page) == []
    page.get_by_role("textbox").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.goto(f"{guarded}/admin/")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()

    page.wait_for_timeout(1100)  # after a wrong code the right one waits a second
    page.get_by_role("textbox").fill(shown_by_the_phone(secret, later=1))
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(re.compile(r"/admin/$"))

    page.context.clear_cookies()
    give_password(page, guarded)
    page.get_by_role("textbox").fill(recovery)
    page.get_by_role("button", name="Go on").click()
    page.goto(f"{guarded}/admin/second-factor/")
    expect(page.locator("#left")).to_have_text("9")
    assert problems_of(page) == []
