"""Every page in light, dark and right-to-left: accessible, never too wide, and the pictures of the documentation.

`SCREENSHOTS=1` writes the pictures into docs/screenshots; otherwise they go to a temporary folder.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Frame

from tests.support.browser import Person, axe_violations, overflow, write
from tests.support.emulator import ROOT, Emulator

ADMIN, PRIYA, MEI = 1, 3, 7
GROUP = "chat22"
LOOKS = {
    "light": {"scheme": "light", "language": "en"},
    "dark": {"scheme": "dark", "language": "en"},
    "rtl": {"scheme": "light", "language": "ar"},
}
NOTES = [
    (MEI, "Banners from the showroom: **2.8 m** high, rigging points are ordered."),
    (
        PRIYA,
        "Stand **B17** in hall 4, 6 x 5 m.\n\n- Truck: the 11th, loading at 7:00\n- List of pieces by the 6th",
    ),
]
Enter = Callable[..., Person]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return ROOT / "docs/screenshots" if os.environ.get("SCREENSHOTS") else tmp_path


def test_market_installer_and_application_page(
    person: Enter, bitrix24: Emulator, pictures: Path, axe: None
) -> None:
    admin = person("alpha", ADMIN)
    admin.market()
    assert axe_violations(admin.page) == []
    admin.page.screenshot(path=pictures / "market.png", full_page=True)

    # Bitrix24 leaves the installer as soon as it has finished; held there, it stays to be looked at.
    admin.page.route("**/_ui/install-finish*", lambda route: None)
    admin.page.locator("[data-product]").first.locator("[data-action=install]").click()
    installer = admin.slider("/install/")
    installer.get_by_role("heading", name="Chat Notebook is installed").wait_for()
    installer.wait_for_timeout(1200)
    assert axe_violations(installer) == []
    assert overflow(installer) <= 0
    admin.page.screenshot(path=pictures / "installer.png", full_page=True)

    bitrix24.control.install_finish("alpha")
    admin.market()
    admin.page.locator("[data-action=open]").first.click()
    application = admin.slider("/app/")
    application.locator(".pill").wait_for()
    assert axe_violations(application) == []
    assert overflow(application) <= 0
    # As tall as the page is long, so that the picture shows all of it.
    admin.page.set_viewport_size({"width": 1360, "height": 1480})
    application.wait_for_timeout(400)
    admin.page.screenshot(path=pictures / "application.png", full_page=True)


@pytest.mark.parametrize("look", LOOKS)
def test_the_notebook(
    person: Enter, installed_by_click: Callable[..., None], pictures: Path, axe: None, look: str
) -> None:
    installed_by_click()
    scheme, language = LOOKS[look]["scheme"], LOOKS[look]["language"]
    for author, text in NOTES:
        write(person("alpha", author).open(GROUP), text)

    reader = person("alpha", PRIYA, color_scheme=scheme)
    frame: Frame = reader.open(GROUP, language)
    frame.wait_for_timeout(400)

    assert frame.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    assert overflow(frame) <= 0
    assert axe_violations(frame) == []
    assert axe_violations(reader.page) == []
    if look == "light":
        reader.page.screenshot(path=pictures / "messenger.png", full_page=True)
    reader.page.locator("[data-app-frame] iframe").screenshot(path=pictures / f"notebook-{look}.png")
