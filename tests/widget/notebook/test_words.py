"""Nothing that people wrote, ticked or deleted disappears unseen: merging, history, the bin, repeated requests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.access.sessions import WidgetSession
from widget.models import Chat, Note
from widget.notebook import removal
from widget.notebook.notes import PAGE_SIZE, PINNED_LIMIT, TEXT_LIMIT

pytestmark = pytest.mark.django_db

PRIYA, MEI = 3, 7
KEY = {"Idempotency-Key": "7c0e2a52-8f5e-4a3e-9d8b-0c8f6d1f4b10"}


@pytest.fixture
def api(opens: Opens, installed: Callable[..., Portal]) -> Api:
    """Priya's session in chat 22."""
    installed()
    return opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])


@pytest.fixture
def mei(opens: Opens, api: Api) -> Api:
    """Mei's session in the same chat."""
    return opens.api(frame_data(opens.widget("alpha", MEI, "chat22"))["session"])


def edit(api: Api, note: dict[str, Any], text: str, version: int) -> Any:
    return api.call("PATCH", f"notes/{note['id']}/", {"text": text, "version": version})


def tick(api: Api, note: dict[str, Any], box: int, version: int, *, checked: bool = True) -> Any:
    return api.call("PUT", f"notes/{note['id']}/boxes/{box}/", {"checked": checked, "version": version})


def history(api: Api, note: dict[str, Any]) -> list[tuple[int, int, bool]]:
    listed = api.call("GET", f"notes/{note['id']}/history/").json()["results"]
    return [(item["version"], item["editor"]["id"], item["by_tick"]) for item in listed]


class TestMerging:
    def test_a_colleagues_tick_during_a_long_edit(self, api: Api, mei: Api) -> None:
        note = api.add("# Move\n- [ ] rent\n- [ ] keys")
        tick(mei, note, 1, 1)

        answer = edit(api, note, "# Moving\n- [ ] rent 900\n- [ ] keys", 1).json()

        assert answer["text"] == "# Moving\n- [ ] rent 900\n- [x] keys"
        assert (answer["merged"], answer["version"], answer["open_points"]) == (True, 3, 1)
        assert Note.objects.get().text == answer["text"]

    def test_what_nobody_else_changed_is_not_merged(self, api: Api) -> None:
        assert edit(api, api.add("a"), "b", 1).json()["merged"] is False

    def test_a_true_clash_answers_all_three_and_changes_nothing(self, api: Api, mei: Api) -> None:
        note = api.add("rent 900\nkeys")
        edit(mei, note, "rent 990\nkeys", 1)

        refused = edit(api, note, "rent 950\nkeys\nlamp", 1)

        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "stale")
        assert problem["base"] == {"version": 1, "text": "rent 900\nkeys"}
        assert (problem["current"]["text"], problem["current"]["version"]) == ("rent 990\nkeys", 2)
        [clash] = problem["clashes"]
        pieces = [(piece["kind"], piece["text"]) for piece in clash.pop("pieces")]
        assert clash == {"base": "rent 900", "mine": "rent 950", "theirs": "rent 990", "line": 0, "lines": 1}
        assert pieces == [("same", "rent "), ("removed", "990"), ("added", "950")]
        assert problem["merged"] == "rent 950\nkeys\nlamp"
        assert Note.objects.get().text == "rent 990\nkeys"

    def test_the_same_change_twice_is_no_clash_and_no_version(self, api: Api, mei: Api) -> None:
        note = api.add("a")
        edit(mei, note, "b", 1)
        answer = edit(api, note, "b", 1).json()
        assert (answer["text"], answer["version"], answer["merged"]) == ("b", 2, False)

    def test_who_changed_nothing_gets_what_others_wrote(self, api: Api, mei: Api) -> None:
        note = api.add("a")
        edit(mei, note, "b", 1)
        answer = edit(api, note, "a", 1).json()
        assert (answer["text"], answer["version"], answer["merged"]) == ("b", 2, True)

    @pytest.mark.parametrize("version", [3, 2**31 - 1])
    def test_a_version_that_was_never_there_has_no_base(self, api: Api, version: int) -> None:
        note = api.add("a")
        edit(api, note, "b", 1)
        problem = edit(api, note, "c", version).json()
        assert (problem["code"], problem["base"], problem["clashes"]) == ("stale", None, [])

    def test_a_merged_text_that_no_note_may_have_clashes(self, api: Api, mei: Api) -> None:
        note = api.add("a\nb")
        half = "x" * (TEXT_LIMIT - 10)
        edit(mei, note, f"a\n{half}", 1)
        problem = edit(api, note, f"{half}\nb", 1).json()
        assert (problem["code"], len(problem["clashes"])) == ("stale", 1)

    def test_a_tick_of_another_line_is_never_stale(self, api: Api, mei: Api) -> None:
        note = api.add("- [ ] rent\n- [ ] keys")
        edit(mei, note, "- [ ] first\n- [ ] rent\n- [ ] keys", 1)
        assert tick(api, note, 1, 1).json()["text"] == "- [ ] first\n- [ ] rent\n- [x] keys"

    def test_a_tick_of_words_that_changed_stays_with_them(self, api: Api, mei: Api) -> None:
        note = api.add("- [ ] rent 900")
        edit(mei, note, "- [ ] rent 950", 1)
        assert tick(api, note, 0, 1).json()["text"] == "- [x] rent 950"

    @pytest.mark.parametrize("now", ["keys", "- [ ] buy milk", "- rent 900"])
    def test_a_tick_of_a_box_that_is_gone_is_refused(self, api: Api, mei: Api, now: str) -> None:
        note = api.add("- [ ] rent 900")
        edit(mei, note, now, 1)
        refused = tick(api, note, 0, 1)
        assert (refused.status_code, refused.json()["current"]["text"]) == (409, now)

    def test_words_of_one_line_are_brought_together_and_shown(self, api: Api, mei: Api) -> None:
        note = api.add("Rent is 900 euros from May on")
        edit(mei, note, "Rent is 900 euros from June on", 1)
        answer = edit(api, note, "Rent is 950 euros from May on", 1).json()
        assert (answer["text"], answer["merged"]) == ("Rent is 950 euros from June on", True)
        [part] = answer["others"]
        assert (part["kind"], "<del>May</del><ins>June</ins>" in part["html"]) == ("changed", True)
        assert "<ins>950</ins>" not in part["html"], "what one has written oneself is no news"
        assert part["undo"] == {"start": 0, "end": 1, "lines": ["Rent is 950 euros from May on"]}

    def test_the_same_edit_again_is_made_once(self, api: Api, mei: Api) -> None:
        """Its answer was lost, and somebody has rewritten what it said meanwhile."""
        note = api.add("a")
        body = {"text": "a. Priya's sentence.", "version": 1}
        first = api.call("PATCH", f"notes/{note['id']}/", body, **KEY).json()
        edit(mei, note, "a. Mei's sentence.", first["version"])

        again = api.call("PATCH", f"notes/{note['id']}/", body, **KEY)

        assert (again.status_code, again.json()["text"], again.json()["version"]) == (
            200,
            "a. Mei's sentence.",
            3,
        )
        # Nobody else's repetition, and no other text.
        assert mei.call("PATCH", f"notes/{note['id']}/", body, **KEY).json()["code"] == "stale"
        other = api.call("PATCH", f"notes/{note['id']}/", {"text": "a. Another one.", "version": 1}, **KEY)
        assert other.json()["code"] == "stale"

    def test_who_goes_on_after_a_merge_starts_from_what_they_sent(self, api: Api, mei: Api) -> None:
        note = api.add("one\n\ntwo")
        edit(mei, note, "one\n\ntwo, by Mei", 1)
        sent = "one, by\n\ntwo"
        merged = edit(api, note, sent, 1).json()
        assert merged["text"] == "one, by\n\ntwo, by Mei"

        body = {"text": "one, by Priya\n\ntwo", "version": merged["version"], "base": sent}
        answer = api.call("PATCH", f"notes/{note['id']}/", body).json()

        assert answer["text"] == "one, by Priya\n\ntwo, by Mei"


class TestKeys:
    def test_a_key_of_another_text_is_refused_and_nothing_is_lost(self, api: Api) -> None:
        first = api.call("POST", "notes/", {"text": "one"}, **KEY).json()

        refused = api.call("POST", "notes/", {"text": "two"}, **KEY)

        assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")
        assert refused.json()["current"] == first
        assert (Note.objects.get().text, Chat.objects.get().revision) == ("one", 1)
        edit(api, first, "edited meanwhile", 1)
        assert api.call("POST", "notes/", {"text": "one"}, **KEY).json()["text"] == "edited meanwhile"

    def test_a_note_has_an_address(self, api: Api) -> None:
        answer = api.call("POST", "notes/", {"text": "one"})
        assert api.client.get(
            answer.headers["Location"], headers={"Authorization": f"Bearer {api.session}"}
        ).json() == answer.json()  # fmt: skip


class TestBin:
    def test_what_was_changed_meanwhile_is_not_deleted_unseen(self, api: Api, mei: Api) -> None:
        note = api.add("first")
        edit(mei, note, "second", 1)
        refused = api.call("DELETE", f"notes/{note['id']}/?version=1")
        assert (refused.status_code, refused.json()["code"]) == (409, "stale")
        assert (refused.json()["current"]["text"], refused.json()["base"]) == ("second", None)
        assert api.call("DELETE", f"notes/{note['id']}/?version=2").status_code == 204

    @pytest.mark.parametrize("query", ["", "?version=", "?version=x", "?version=0"])
    def test_a_deletion_says_what_it_deletes(self, api: Api, query: str) -> None:
        note = api.add("kept")
        refused = api.call("DELETE", f"notes/{note['id']}/{query}")
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["version"])

    def test_it_lists_what_was_deleted_the_latest_first(self, api: Api, mei: Api) -> None:
        first, second, _third = api.add("first"), api.add("second"), api.add("kept")
        for note in (second, first):
            mei.call("DELETE", f"notes/{note['id']}/?version=1")

        with CaptureQueriesContext(connection) as queries:
            page = api.call("GET", "notes/deleted/").json()

        assert [note["text"] for note in page["results"]] == ["first", "second"]
        assert page["results"][0]["deleter"] == {"id": MEI, "name": "Mei Tanaka"}
        assert page["results"][0]["author"]["id"] == PRIYA
        assert (page["next"], len(queries)) == (None, 2)

    def test_it_is_its_chats_and_of_who_may_write(self, api: Api, opens: Opens) -> None:
        api.call("DELETE", f"notes/{api.add('ours')['id']}/?version=1")
        other = opens.api(frame_data(opens.widget("alpha", PRIYA, "chat21"))["session"])
        assert other.call("GET", "notes/deleted/").json()["results"] == []
        reader = opens.api(replace(WidgetSession.read(api.session), can_write=False).sign())
        refused = reader.call("GET", "notes/deleted/")
        assert (refused.status_code, refused.json()["code"]) == (403, "read_only")

    def test_its_pages_follow_each_other(self, api: Api) -> None:
        chat = Chat.objects.get()
        Note.objects.bulk_create(
            Note(chat=chat, text=f"{n}", html="x", author_id=3, author_name="P", changed_in=n,
                 deleted_at=timezone.now(), deleter_id=3, deleter_name="P")
            for n in range(1, PAGE_SIZE + 11)
        )  # fmt: skip
        page = api.call("GET", "notes/deleted/").json()
        rest = api.call("GET", page["next"].removeprefix("/api/v1/")).json()
        texts = [int(note["text"]) for part in (page, rest) for note in part["results"]]
        assert texts == list(range(PAGE_SIZE + 10, 0, -1))

    def test_restoring_twice_is_fine(self, api: Api, mei: Api) -> None:
        note = api.add("precious")
        api.call("DELETE", f"notes/{note['id']}/?version=1")
        answers = [mei.call("POST", f"notes/{note['id']}/restore/") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        assert Chat.objects.get().revision == 3
        assert api.call("GET", "notes/deleted/").json()["results"] == []

    def test_after_thirty_days_nothing_comes_back(self, api: Api) -> None:
        note = api.add("old")
        api.call("DELETE", f"notes/{note['id']}/?version=1")
        Note.objects.update(deleted_at=timezone.now() - removal.KEPT - timedelta(seconds=1))
        assert api.call("GET", "notes/deleted/").json()["results"] == []
        assert api.call("POST", f"notes/{note['id']}/restore/").status_code == 404


class TestPins:
    def test_a_note_that_is_pinned_stays_so_however_many_are(self, api: Api) -> None:
        ids = [api.add(f"note {n}")["id"] for n in range(PINNED_LIMIT)]
        first, *_ = [api.call("PUT", f"notes/{each}/pin/").json()["pinned_at"] for each in ids]
        again = api.call("PUT", f"notes/{ids[0]}/pin/")
        assert (again.status_code, again.json()["pinned_at"]) == (200, first)

    def test_what_comes_back_is_not_pinned(self, api: Api) -> None:
        note = api.add("on top")
        api.call("PUT", f"notes/{note['id']}/pin/")
        api.call("DELETE", f"notes/{note['id']}/?version=1")
        assert api.call("POST", f"notes/{note['id']}/restore/").json()["pinned_at"] is None

    def test_page_and_api_write_moments_alike(self, api: Api, opens: Opens) -> None:
        note = api.add("on top")
        pinned = api.call("PUT", f"notes/{note['id']}/pin/").json()
        page = opens.widget("alpha", PRIYA, "chat22").content.decode()
        assert f'data-pinned="{pinned["pinned_at"]}"' in page
        assert f'datetime="{pinned["created_at"]}"' in page


def test_what_is_invalid_is_said_in_words(api: Api) -> None:
    problem = api.call("POST", "notes/", {"text": ""}).json()
    assert problem["detail"] == problem["errors"]["text"][0] != ""
    assert (problem["type"], problem["title"]) == ("about:blank", "Bad Request")
