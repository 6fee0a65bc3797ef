"""Which versions of a note are kept and listed, and what each says it changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, NoteRevision

pytestmark = pytest.mark.django_db

PRIYA, MEI = 3, 7


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


class TestHistory:
    def test_what_changes_nothing_makes_no_version_and_no_news(self, api: Api) -> None:
        note = api.add("- [ ] a")
        assert edit(api, note, "- [ ] a", 1).json()["version"] == 1
        assert tick(api, note, 0, 1, checked=False).json()["version"] == 1
        api.call("DELETE", f"notes/{note['id']}/pin/")
        assert (Chat.objects.get().revision, NoteRevision.objects.count()) == (1, 0)

    def test_ticks_push_out_no_text_and_are_no_versions(self, api: Api, mei: Api) -> None:
        note = mei.add("what Mei wrote\n\n- [ ] a")
        edit(api, note, "overwritten\n\n- [ ] a", 1)
        for version in range(2, 105):
            tick(mei, note, 0, version, checked=version % 2 == 0)

        assert history(api, note) == [(105, PRIYA, False), (1, MEI, False)]
        assert api.call("GET", f"notes/{note['id']}/history/1/").json()["text"].startswith("what Mei wrote")
        assert NoteRevision.objects.count() == 2 + 100

    def test_ticks_belong_to_what_they_were_made_in(self, api: Api, mei: Api) -> None:
        note = api.add("- [ ] a")
        tick(mei, note, 0, 1)
        edit(mei, note, "- [x] a and more", 2)
        assert history(api, note) == [(3, MEI, False), (2, PRIYA, False)]
        assert api.call("GET", f"notes/{note['id']}/history/2/").json()["text"] == "- [x] a"
        changes = api.call("GET", f"notes/{note['id']}/history/3/").json()["changes"]
        assert [each["text"] for each in changes if each["kind"] != "same"] == [" and more"]

    def test_ticks_of_a_text_that_is_no_longer_kept_are_shown(self, api: Api, mei: Api) -> None:
        note = api.add("- [ ] a")
        tick(mei, note, 0, 1)
        NoteRevision.objects.all().delete()
        assert history(api, note) == [(2, MEI, True)]

    def test_what_one_person_writes_within_minutes_is_one_version(self, api: Api, mei: Api) -> None:
        note = mei.add("Mei")
        for version, text in enumerate(["a", "a b", "c"], start=1):
            edit(api, note, text, version)
        listed = api.call("GET", f"notes/{note['id']}/history/").json()["results"]
        assert [(each["version"], each["steps"]) for each in listed] == [(4, [4, 3, 2]), (1, [1])]
        detail = api.call("GET", f"notes/{note['id']}/history/4/").json()
        assert [(each["kind"], each["text"]) for each in detail["changes"]] == [
            ("removed", "Mei"),
            ("added", "c"),
        ]
        step = api.call("GET", f"notes/{note['id']}/history/3/").json()
        assert [(each["kind"], each["text"]) for each in step["changes"]] == [("same", "a"), ("added", " b")]

    def test_another_hour_or_another_person_begins_another_version(self, api: Api, mei: Api) -> None:
        note = api.add("a")
        edit(api, note, "a b", 1)
        NoteRevision.objects.update(written_at=timezone.now() - timedelta(minutes=11))
        edit(mei, note, "a b c", 2)
        edit(api, note, "a b c d", 3)
        assert history(api, note) == [
            (4, PRIYA, False),
            (3, MEI, False),
            (2, PRIYA, False),
            (1, PRIYA, False),
        ]

    def test_of_folded_versions_those_go_whose_words_are_all_there(self, api: Api) -> None:
        note = api.add("words that go")
        edit(api, note, "w1", 1)
        for version in range(2, 120):
            edit(api, note, f"w1 {'x ' * version}", version)
        kept = NoteRevision.objects
        assert (kept.count(), kept.filter(folded=True).count()) == (101, 100)
        assert kept.get(folded=False).text == "words that go"

    def test_many_writes_of_one_push_out_nothing_of_another(self, api: Api, mei: Api) -> None:
        note = mei.add("Mei 1")
        edit(mei, note, "Mei 2", 1)
        for version in range(2, 119):
            edit(api, note, f"Priya {version + 1}", version)
        listed = api.call("GET", f"notes/{note['id']}/history/").json()["results"]
        assert [each["steps"] for each in listed if each["editor"]["id"] == MEI] == [[2, 1]]
        assert NoteRevision.objects.count() == 100
        assert (listed[0]["version"], listed[0]["editor"]["id"]) == (119, PRIYA)
