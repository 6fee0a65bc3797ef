"""What people do with notes, through the API: tick, pin, search, undo, look back; and what open pages cost."""

import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, Note, NoteRevision
from widget.notebook import notes, removal
from widget.notebook.difference import difference
from widget.notebook.markdown import RENDERER, render, tick
from widget.tasks import purge_notes

pytestmark = pytest.mark.django_db

PRIYA, MEI = 3, 7


@pytest.fixture(autouse=True)
def _installed(installed: Callable[..., Portal]) -> None:
    installed()


@pytest.fixture
def api(opens: Opens) -> Api:
    """Priya's session in chat 22."""
    return opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])


@pytest.fixture
def mei(opens: Opens) -> Api:
    """Mei's session in the same chat."""
    return opens.api(frame_data(opens.widget("alpha", MEI, "chat22"))["session"])


@pytest.mark.parametrize(
    ("text", "box", "expected"),
    [
        ("- [ ] a\n- [ ] b", 1, "- [ ] a\n- [x] b"),
        ("> 1. [ ] a", 0, "> 1. [x] a"),
        ("- - [ ] a", 0, "- - [x] a"),
        ("-\n  [ ] a", 0, "-\n  [x] a"),
        ("```\n- [ ] code\n```\n- [ ]\ta", 0, "```\n- [ ] code\n```\n- [x]\ta"),
        ("- [ ] a [ ] b\x0b\u2028- [ ] c", 0, "- [x] a [ ] b\x0b\u2028- [ ] c"),
    ],
)
def test_a_tick_changes_its_box_and_nothing_else(text: str, box: int, expected: str) -> None:
    assert tick(text, box, checked=True) == expected
    assert tick(expected, box, checked=False) == text


def test_a_thousand_boxes() -> None:
    text = "\n".join(f"- [ ] point {n}" for n in range(1_000))
    rendered = render(text)
    assert (rendered.open_points, rendered.html.count("<input")) == (1_000, 1_000)
    assert tick(text, 999, checked=True).endswith("- [x] point 999")


def test_any_member_ticks_and_a_stale_tick_changes_nothing(api: Api, mei: Api) -> None:
    note = api.add("- [ ] rent\n- [ ] keys")
    path = f"notes/{note['id']}/boxes/1/"

    ticked = mei.call("PUT", path, {"checked": True, "version": 1}).json()
    stale = api.call("PUT", path, {"checked": False, "version": 1})

    assert (ticked["text"], ticked["open_points"]) == ("- [ ] rent\n- [x] keys", 1)
    assert ticked["editor"]["id"] == MEI
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    missing = api.call("PUT", f"notes/{note['id']}/boxes/2/", {"checked": True, "version": 2})
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_box")


def test_pinned_notes_come_first_and_are_few(api: Api) -> None:
    ids = [api.add(f"note {n}")["id"] for n in range(notes.PINNED_LIMIT + 1)]
    for note_id in ids[:-1]:
        assert api.call("PUT", f"notes/{note_id}/pin/").json()["pinned_at"]

    refused = api.call("PUT", f"notes/{ids[-1]}/pin/")

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_pinned")
    assert api.call("DELETE", f"notes/{ids[0]}/pin/").json()["pinned_at"] is None
    listed = [note["id"] for note in api.call("GET", "notes/").json()["results"]]
    assert listed == [*ids[-2:0:-1], ids[-1], ids[0]]


def test_search_by_words_author_number_and_open_points(api: Api) -> None:
    rent = api.add("Rent: - 50 %_\n\n- [ ] pay")
    done = api.add("- [x] done")

    def found(query: str) -> list[int]:
        return [note["id"] for note in api.call("GET", f"notes/?{query}").json()["results"]]

    assert found("q=RENT%20pay") == [rent["id"]]
    assert found("q=priya") == [done["id"], rent["id"]]
    assert found("q=%25_") == [rent["id"]]
    assert found(f"q=%23{rent['id']}") == [rent["id"]]
    assert found("open=true") == [rent["id"]]
    assert found("q=nothing") == []


def test_deleting_can_be_undone_for_a_while(api: Api, mei: Api) -> None:
    note = api.add("precious")
    api.call("DELETE", f"notes/{note['id']}/?version=1")
    assert api.call("GET", f"notes/{note['id']}/").json()["code"] == "note_gone"

    assert mei.call("POST", f"notes/{note['id']}/restore/").json()["text"] == "precious"
    assert mei.call("POST", f"notes/{note['id']}/restore/").json()["text"] == "precious"

    api.call("DELETE", f"notes/{note['id']}/?version=1")
    assert removal.purge() == 0
    assert removal.purge(timezone.now() + removal.KEPT + timedelta(seconds=1)) == 1
    assert not Note.objects.exists()


def test_a_purge_runs_as_a_task(api: Api) -> None:
    api.call("DELETE", f"notes/{api.add('x')['id']}/?version=1")
    Note.objects.update(deleted_at=timezone.now() - removal.KEPT - timedelta(seconds=1))
    purge_notes()
    assert not Note.objects.exists()


def test_history_says_who_changed_what(api: Api, mei: Api) -> None:
    note = api.add("Rent is 900 euros")
    mei.call("PATCH", f"notes/{note['id']}/", {"text": "Rent is 950 euros", "version": 1})

    listed = api.call("GET", f"notes/{note['id']}/history/").json()["results"]
    second = api.call("GET", f"notes/{note['id']}/history/2/").json()

    assert [(item["version"], item["editor"]["id"]) for item in listed] == [(2, MEI), (1, PRIYA)]
    assert second["changes"] == [
        {"kind": "same", "text": "Rent is "},
        {"kind": "removed", "text": "900"},
        {"kind": "added", "text": "950"},
        {"kind": "same", "text": " euros"},
    ]
    assert api.call("GET", f"notes/{note['id']}/history/3/").json()["code"] == "version_gone"


def test_history_is_bounded(api: Api) -> None:
    note = api.add("v1")
    session = api.session
    for version in range(1, 111):
        api.call("PATCH", f"notes/{note['id']}/", {"text": f"v{version + 1}", "version": version})
    assert api.session == session
    assert NoteRevision.objects.count() == 100


def test_a_difference_gives_both_texts_back() -> None:
    before, after = "a\nb c\n" * 3000, "a\nb d\n" * 2999
    pieces = list(difference(before, after))
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


class TestOpenPages:
    def test_nothing_new_costs_one_query_and_no_body(self, api: Api) -> None:
        api.add("a")
        etag = self.ask(api, 0).headers["ETag"]
        with CaptureQueriesContext(connection) as queries:
            response = self.ask(api, 1, etag)
        assert (response.status_code, response.content, len(queries)) == (304, b"", 1)

    def test_every_change_arrives_once(self, api: Api, mei: Api) -> None:
        first, second = api.add("a"), api.add("b")
        seen = self.ask(mei, 0).json()["revision"]
        api.call("PUT", f"notes/{first['id']}/pin/")
        api.call("DELETE", f"notes/{second['id']}/?version=1")

        news = self.ask(mei, seen, f'"{seen}"').json()

        assert [note["id"] for note in news["results"]] == [first["id"]]
        assert (news["deleted"], news["more"]) == ([second["id"]], False)
        assert self.ask(mei, news["revision"], f'"{news["revision"]}"').status_code == 304

    def test_many_changes_come_in_parts(self, api: Api) -> None:
        chat = Chat.objects.get()
        Note.objects.bulk_create(
            Note(chat=chat, text="x", html="x", author_id=3, author_name="P", changed_in=n, renderer=RENDERER)
            for n in range(1, 251)
        )
        Chat.objects.update(revision=250)
        seen, since, more = 0, 0, True
        while more:
            part = self.ask(api, since).json()
            seen, since, more = seen + len(part["results"]), part["revision"], part["more"]
        assert (seen, since) == (250, 250)

    @staticmethod
    def ask(api: Api, since: int, etag: str = "") -> Any:
        headers = {"Authorization": f"Bearer {api.session}"} | ({"If-None-Match": etag} if etag else {})
        return api.client.get(f"/api/v1/notes/changes/?since={since}", headers=headers)


def test_hidden_characters_are_dropped_and_emoji_stay(api: Api) -> None:
    note = api.add("a\u202eb\x07c\r\nd 👩‍👩‍👧‍👦 \u2067\u05e9\u2069")
    assert note["text"] == "abc\nd 👩‍👩‍👧‍👦 \u2067\u05e9\u2069"


@pytest.mark.parametrize("body", [{"text": "\u202e"}, {"text": "\x07 \n"}])
def test_a_note_of_nothing_visible_is_empty(api: Api, body: dict[str, str]) -> None:
    assert api.call("POST", "notes/", body).status_code == 400


def test_a_megabyte_is_refused_unread(api: Api) -> None:
    response = api.call("POST", "notes/", {"text": "x" * 1_000_000})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_one_viewer_who_writes_too_fast_stops_nobody_else(api: Api, mei: Api) -> None:
    for _ in range(120):
        assert api.call("DELETE", "notes/1/?version=1").status_code == 404
    refused = api.call("POST", "notes/", {"text": "x"})
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert int(refused.headers["Retry-After"]) > 0
    assert mei.call("POST", "notes/", {"text": "x"}).status_code == 201


def test_preview_is_what_saving_gives(api: Api) -> None:
    text = "- [ ] **a** <script>x</script>"
    preview = api.call("POST", "notes/preview/", {"text": text}).json()["html"]
    assert preview == api.add(text)["html"]


def test_the_schema_has_no_warning() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=os.devnull)


def test_readers_change_nothing(api: Api, opens: Opens) -> None:
    note = api.add("- [ ] a")
    from widget.access.sessions import WidgetSession  # noqa: PLC0415

    session = WidgetSession.read(api.session)
    fields = {name: getattr(session, name) for name in WidgetSession.__slots__} | {"can_write": False}
    reader = opens.api(WidgetSession(**fields).sign())
    path = f"notes/{note['id']}/"
    for http, url, body in (
        ("POST", "notes/", {"text": "x"}),
        ("PATCH", path, {"text": "x", "version": 1}),
        ("DELETE", f"{path}?version=1", None),
        ("PUT", f"{path}pin/", None),
        ("PUT", f"{path}boxes/0/", {"checked": True, "version": 1}),
        ("POST", f"{path}restore/", None),
    ):
        refused = reader.call(http, url, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "read_only"), url
    assert json.dumps(reader.call("GET", path).json()) == json.dumps(note)


def test_who_was_removed_from_the_chat_has_lost_it_after_fifteen_minutes(opens: Opens, api: Api) -> None:
    opens.emulator.control.members("alpha", 22, remove=[PRIYA])
    with time_machine.travel(time.time() + 15 * 60 + 1, tick=True):
        assert api.call("GET", "notes/").json()["code"] == "session_expired"
        refused = renewal(opens)
    assert (refused.status_code, refused.json()["code"]) == (403, "no_access")


def test_a_sidebar_left_open_overnight_works_in_the_morning(opens: Opens, api: Api) -> None:
    opens.emulator.control.advance(9 * 3600)
    with time_machine.travel(time.time() + 9 * 3600, tick=True):
        assert api.call("GET", "notes/changes/").json()["code"] == "session_expired"
        renewed = opens.api(renewal(opens).json()["session"])
        assert renewed.call("GET", "notes/changes/").status_code == 200


def renewal(opens: Opens) -> Any:
    """The trade that the page makes with what `refreshAuth` gives it."""
    fresh = opens.emulator.control.tokens("alpha", PRIYA)
    body = {
        "member_id": opens.emulator.portals["alpha"].member_id,
        "access_token": fresh["access_token"],
        "dialog_id": "chat22",
    }
    return Api(opens.client, "").call("POST", "session/", body)


def test_a_chat_erased_under_an_open_reads_as_empty() -> None:
    assert notes.revision(4_000_000_000) == 0
    assert notes.page(4_000_000_000) == ([], False)


def test_pages_go_from_the_newest_note_to_the_oldest_wherever_their_rows_lie(api: Api) -> None:
    made = [api.add(f"note {number}")["id"] for number in range(notes.PAGE_SIZE + 5)]
    # An edit puts the row of an old note behind those of newer ones.
    for number in (0, 1, 2):
        api.call("PATCH", f"notes/{made[number]}/", {"text": "edited", "version": 1})
    first = api.call("GET", "notes/").json()
    then = api.call("GET", "notes/" + first["next"][first["next"].index("?") :]).json()
    assert [note["id"] for note in first["results"] + then["results"]] == made[::-1]
