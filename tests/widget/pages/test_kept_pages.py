"""Pages are kept for everybody of a chat: what must be each viewer's own, and what a change reaches at once."""

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portals.incoming.frames import NONCE
from portals.infrastructure.shared import redis_client
from portals.models import Portal
from tests.support.opens import Opens, frame_data
from widget.models import Chat
from widget.pages import kept_pages

pytestmark = pytest.mark.django_db

PRIYA, TOMAS, MEI = 3, 4, 7
CHAT = "chat22"


@pytest.fixture(autouse=True)
def _installed(installed: Callable[..., Portal]) -> None:
    installed()


def test_the_page_of_a_colleague_holds_nothing_of_whom_it_was_rendered_for(opens: Opens) -> None:
    priya = opens.widget("alpha", PRIYA, CHAT)
    form = opens.form("alpha", MEI, CHAT)
    opens.post(form)
    with CaptureQueriesContext(connection) as queries:
        mei = opens.post(form)

    assert len(queries) == 1, "the page is the one that was kept"
    own, foreign = frame_data(mei), frame_data(priya)
    assert (own["viewer_id"], foreign["viewer_id"]) == (MEI, PRIYA)
    page = mei.content.decode()
    assert foreign["session"] not in page
    assert f'[data-author="{MEI}"] .note-you' in page
    assert f'[data-author="{PRIYA}"] .note-you' not in page


def test_every_answer_has_a_nonce_of_its_own_wherever_one_is_needed(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    seen = set()
    for _ in range(3):
        response = opens.post(form)
        allowed = set(re.findall(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"]))
        used = re.findall(r'nonce="([^"]*)"', response.content.decode())
        assert len(used) == 3
        assert set(used) == allowed
        seen |= allowed
    assert len(seen) == 3


@pytest.mark.parametrize("text", [NONCE, "<!-- own -->", "<!-- own --><!-- own -->"])
def test_what_marks_places_in_a_page_means_nothing_in_a_note(opens: Opens, text: str) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    opens.api(frame_data(opens.post(form))["session"]).add(f"before {text} after")
    for _ in range(2):
        page = opens.post(form)
        frame_data(page)
        nonce = re.findall(r"'nonce-([^']+)'", page.headers["Content-Security-Policy"])[0]
        head, _, body = page.content.decode().partition("<body>")
        assert nonce in head
        assert nonce not in body
        assert page.content.decode().count('id="frame-data"') == 1


def test_a_change_shows_at_the_next_open(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    api = opens.api(frame_data(opens.post(form))["session"])
    for number in range(3):
        note = api.add(f"agreement {number}")
        assert f"agreement {number}" in opens.post(form).content.decode()
    api.call("DELETE", f"notes/{note['id']}/?version=1")
    assert "agreement 2" not in opens.post(form).content.decode()


def test_languages_have_pages_of_their_own(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    for language, title in (("en", "Notes"), ("ru", "Заметки"), ("en", "Notes")):
        page = opens.post(
            {**form, "url": re.sub(r"LANG=\w+", f"LANG={language}", form["url"])}
        ).content.decode()
        assert f'<html lang="{language}"' in page
        assert f"<span>{title}</span>" in page


def test_who_reads_only_gets_no_composer_from_somebody_who_writes(opens: Opens) -> None:
    """Chat 24 is open: Tomas is no member and reads along."""
    opens.emulator.control.members("alpha", 24, add=[PRIYA])
    writes, reads = (opens.widget("alpha", person, "chat24") for person in (PRIYA, TOMAS))
    assert (frame_data(writes)["can_write"], frame_data(reads)["can_write"]) == (True, False)
    assert (b'id="composer"' in writes.content, b'id="composer"' in reads.content) == (True, False)


def test_settings_status_and_erasure_hold_at_once_whatever_is_remembered(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    for _ in range(2):
        assert opens.post(form).status_code == 200
    Portal.objects.update(placement_settings={"role": "ADMIN"})
    assert opens.post(form).context["reason"] == "administrators_only"
    Portal.objects.update(placement_settings={})
    assert opens.post(form).status_code == 200

    portal = Portal.objects.get()
    portal.block("operator")
    assert opens.post(form).context["reason"] == "portal_blocked"
    portal.unblock()
    opens.emulator.control.forget_requests()
    assert opens.post(form).status_code == 200
    assert len(opens.emulator.control.requests("rest")) == 1, "proved anew"

    opens.api(frame_data(opens.post(form))["session"]).add("erased")
    portal.refresh_from_db()
    portal.erase_content("test")
    page = opens.post(form)
    assert "erased" not in page.content.decode()
    assert frame_data(page)["chat_id"] == Chat.objects.get().chat_id


def test_another_process_proves_by_what_this_one_left_in_redis(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    opens.post(form)
    cache._memory.clear()  # type: ignore[attr-defined]
    kept_pages.forget()
    opens.emulator.control.forget_requests()
    assert opens.post(form).status_code == 200
    assert not opens.emulator.control.requests("rest")
    redis_client().flushdb()
    with CaptureQueriesContext(connection) as queries:
        assert opens.post(form).status_code == 200
    assert len(queries) == 1
