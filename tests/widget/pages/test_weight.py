"""What the first view weighs on the wire, compressed as any proxy does it."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.management import call_command

from portals.models import Portal
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN, PRIYA = 1, 3
KILOBYTE = 1024
WORDS = (Path(settings.BASE_DIR) / "docs/notes.md").read_text().split()


def compressed(body: bytes) -> int:
    return len(gzip.compress(body, 6))


def note(number: int) -> str:
    """Some hundred characters that no other note repeats, as people's notes are."""
    words = WORDS[number * 11 :] + WORDS
    return f"**{number}** {' '.join(words[:25])}\n\n- [ ] {' '.join(words[25:30])}\n- [x] {' '.join(words[30:36])}"


class Pages:
    """Pages as a server answers them, and the scripts they name."""

    def __init__(self, opens: Opens, server: str) -> None:
        self.opens = opens
        self.server = server

    def post(self, form: dict[str, Any]) -> requests.Response:
        path = form["url"].partition("//")[2].partition("/")[2]
        answer = requests.post(f"{self.server}/{path}", form["fields"], timeout=30)
        assert answer.status_code == 200, answer.text
        return answer

    def script(self, html: str) -> bytes:
        """The one script of a page."""
        [source] = re.findall(r'<script type="module" src="([^"]+)"', html)
        answer = requests.get(self.server + source, timeout=30)
        assert answer.status_code == 200
        return answer.content


@pytest.fixture
def pages(opens: Opens, installed: Callable[..., Portal], live_server: Any) -> Pages:
    installed()
    return Pages(opens, live_server.url)


def test_the_first_view_of_fifty_notes(pages: Pages) -> None:
    api = pages.opens.api(frame_data(pages.opens.widget("alpha", PRIYA, "chat22"))["session"])
    for number in range(50):
        api.add(note(number))

    html = pages.post(pages.opens.form("alpha", PRIYA, "chat22")).content

    assert html.count(b'data-note="') == 50
    assert b'<link rel="stylesheet"' not in html
    assert compressed(html) <= 40 * KILOBYTE


def test_own_scripts_come_in_one_request_and_the_sdk_not_at_all(pages: Pages) -> None:
    forms = [
        (
            {b"../../portals/dist/b24.js", b"./rich-editor.js", b"./later.js"},
            pages.opens.form("alpha", PRIYA, "chat22"),
        ),
        ({b"./b24.js"}, pages.opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")),
    ]
    for later, form in forms:
        script = pages.script(pages.post(form).text)
        assert compressed(script) <= 12 * KILOBYTE
        # What is not in the bundle is loaded when it is needed.
        assert re.findall(rb'\bfrom"|\bimport"', script) == []
        assert set(re.findall(rb'import\("([^"]+)"\)', script)) == later


def test_the_rich_editor_comes_in_one_request_too(pages: Pages) -> None:
    script = (Path(settings.BASE_DIR) / "widget/static/widget/dist/rich-editor.js").read_bytes()
    assert compressed(script) <= 110 * KILOBYTE
    assert re.findall(rb'\bimport"|\bimport\(', script) == []
    assert compressed(pages.opens.client.get("/widget/editor/").content) <= 3 * KILOBYTE


def test_in_production_a_script_names_the_sdk_of_its_release(
    settings: Any, tmp_path: Path, pages: Pages
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "sidebar_project.storage.StaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)

    html = pages.opens.widget("alpha", PRIYA, "chat22").content.decode()

    [source] = re.findall(r'<script type="module" src="/static/(widget/dist/notebook\.\w{12}\.js)"', html)
    [sdk] = re.findall(
        r'import\("(\.\./\.\./portals/dist/b24\.\w{12}\.js)"\)', (tmp_path / source).read_text()
    )
    assert (tmp_path / source).parent.joinpath(sdk).exists()
