"""Search: what a person takes for the same is found, in every script, whatever the database's language is."""

import json
from collections.abc import Callable
from string import ascii_lowercase
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.models import Note
from widget.notebook import bounds
from widget.notebook.folding import fold

pytestmark = pytest.mark.django_db

PRIYA, MEI = 3, 7


@pytest.fixture
def api(opens: Opens, installed: Callable[..., Portal]) -> Api:
    installed()
    return opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])


def found(api: Api, query: str) -> list[int]:
    return [note["id"] for note in api.call("GET", f"notes/?q={quote(query)}").json()["results"]]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Всё решено", "все"),
        ("ДОГОВОР", "договор"),
        ("Café", "cafe"),
        ("cafe\u0301", "caf\u00e9"),
        ("caf\u00e9", "CAFE\u0301"),
        ("\u0130stanbul", "istanbul"),
        ("Istanbul", "\u0130STANBUL"),
        ("\u0131sparta", "ISPARTA"),
        ("\u0141\u00f3d\u017a", "lodz"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u0110or\u0111e", "dorde"),
        ("Sm\u00f8rrebr\u00f8d", "SMORREBROD"),
        ("**bo**ld", "bold"),
        ("a [link *with* marks](https://example.com/x)", "link with marks"),
        ("soft\u00adhyphen and zero\u200bwidth", "softhyphen zerowidth"),
        ("\u2460 \ufb01ne", "1 fine"),
        ("会议在星期三", "星期"),
        ("\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f", "\u0645\u062d\u0645\u062f"),
        ("✈\ufe0f", "✈"),
        ("50 %_\\d+ (a.b)", "%_\\d+"),
        ("a.b", "A.B"),
    ],
)
def test_the_same_for_a_person_is_the_same(api: Api, text: str, query: str) -> None:
    note, other = api.add(text), api.add("axb")
    assert found(api, query) == [note["id"]]
    assert found(api, query + " priya") == [note["id"]]
    assert set(found(api, "PRIYA")) == {note["id"], other["id"]}


def test_marks_and_addresses_behind_words_are_not_read(api: Api) -> None:
    api.add("[words](https://hidden.example) **bold**")
    assert found(api, "hidden.example") == []
    assert found(api, "**") == []


def test_an_edit_and_a_tick_are_found_by_what_they_say_now(api: Api) -> None:
    note = api.add("- [ ] first")
    api.call("PATCH", f"notes/{note['id']}/", {"text": "- [ ] second", "version": 1})
    api.call("PUT", f"notes/{note['id']}/boxes/0/", {"checked": True, "version": 2})
    assert (found(api, "first"), found(api, "second")) == ([], [note["id"]])


def test_a_number_is_that_note_and_no_note_that_names_it(api: Api, opens: Opens) -> None:
    note = api.add("the one")
    other = api.add(f"note #{note['id']} and #{note['id']}0 are due")
    assert found(api, f"#{note['id']}") == [note["id"]]
    assert found(api, f"#{note['id']}0") == [other["id"]], "no note has the number, so words do"
    assert found(api, f"#{note['id']} due") == [other["id"]]
    form = opens.emulator.control.open(
        "alpha", MEI, placement="REST_APP_URI", options={"dialogId": "chat22", "note": str(note["id"])}
    )
    page = opens.post(form).content
    assert page.count(b'data-note="') == 1


def test_a_note_of_another_chat_is_not_found_by_its_number(api: Api, opens: Opens) -> None:
    elsewhere = opens.api(frame_data(opens.widget("alpha", PRIYA, str(MEI)))["session"])
    assert found(api, f"#{elsewhere.add('between two')['id']}") == []


def test_what_is_looked_for_is_little_whatever_is_asked(api: Api) -> None:
    """Each word is an expression, which reads a text once; the longest ones are looked for."""
    many = " ".join(ascii_lowercase)
    note = api.add(many)
    with CaptureQueriesContext(connection) as queries:
        assert found(api, many) == [note["id"]]
    assert len(queries) == 2
    sql = queries[-1]["sql"]
    assert sql.count(" ~ ") == 2 * bounds.WORDS, "once for the pinned, once for the others"
    assert "LIKE" not in sql.upper()
    assert found(api, "a " * 50) == [note["id"]]
    assert found(api, "\u0301") == [note["id"]], "nothing is left to look for"


def test_thousands_of_marks_on_a_letter_are_folded_as_fast_as_letters() -> None:
    """Normalising sorts the marks of a letter one by one: none are left for it."""
    assert fold("a" + "\u0315\u0300" * 9_000 + "b") == "ab"
    assert fold("\ufdfa" * bounds.TEXT) == fold("\ufdfa" * bounds.TEXT)[: bounds.FOLDED]
    assert len(fold("\ufdfa" * bounds.TEXT)) == bounds.FOLDED


def test_what_search_reads_is_told_to_nobody(api: Api) -> None:
    api.add("\u0412\u0441\u0451")
    assert "folded" not in json.dumps(api.call("GET", "notes/").json())
    assert Note.objects.get().folded.endswith("\n\u0432\u0441\u0435")
