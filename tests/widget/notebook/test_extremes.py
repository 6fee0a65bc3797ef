"""Very much, very long and very odd: clear answers, bounded work."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, Note
from widget.notebook.markdown import RENDERER
from widget.notebook.notes import PAGE_SIZE, TEXT_LIMIT

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
def thousand(api: Api) -> Chat:
    chat = Chat.objects.get()
    Note.objects.bulk_create(
        Note(
            chat=chat,
            text=f"note {n}",
            html=f"<p>note {n}</p>",
            renderer=RENDERER,
            open_points=n % 2,
            folded=f"priya nair\nnote {n}",
            author_id=PRIYA,
            author_name="Priya Nair",
            changed_in=n + 1,
        )
        for n in range(1_000)
    )
    Chat.objects.update(revision=1_000)
    return chat


class TestAThousandNotes:
    def test_an_open_shows_one_page_for_three_queries(self, opens: Opens, thousand: Chat) -> None:
        form = opens.form("alpha", PRIYA, "chat22")
        opens.post(form)
        with CaptureQueriesContext(connection) as queries:
            page = opens.post(form)
        assert len(queries) <= 3
        assert page.content.count(b'data-note="') == PAGE_SIZE

    @pytest.mark.parametrize(
        "query", ["", "?q=note+9", "?open=true", "?before=BEFORE", "?q=priya+1&open=true"]
    )
    def test_every_list_costs_the_session_and_one_query(self, api: Api, thousand: Chat, query: str) -> None:
        query = query.replace("BEFORE", str(Note.objects.order_by("pk")[500].pk))
        with CaptureQueriesContext(connection) as queries:
            page = api.call("GET", f"notes/{query}").json()
        assert len(queries) == 2
        assert 0 < len(page["results"]) <= PAGE_SIZE

    def test_the_newest_come_by_the_index_and_not_by_sorting(self, thousand: Chat) -> None:
        others = Chat.objects.create(portal=thousand.portal, chat_id=999)
        Note.objects.bulk_create(
            Note(chat=others, text="x", html="x", author_id=1, author_name="H", renderer=RENDERER)
            for _ in range(3_000)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE widget_note")
        plan = Note.objects.filter(chat=thousand, changed_in__gt=990).order_by("changed_in").explain()
        assert "note_chat_changed" in plan

    def test_a_page_that_slept_through_all_of_it_catches_up_in_parts(self, api: Api, thousand: Chat) -> None:
        since, parts = 0, 0
        while True:
            news = api.call("GET", f"notes/changes/?since={since}").json()
            assert len(news["results"]) <= 100
            since, parts = news["revision"], parts + 1
            if not news["more"]:
                break
        assert since == 1_000
        assert parts <= 11


class TestMuch:
    def test_ten_thousand_boxes_are_refused_by_their_length_and_it_is_said(self, api: Api) -> None:
        text = "\n".join("- [ ] a" for _ in range(10_000))
        refused = api.call("POST", "notes/", {"text": text})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
        assert f"{TEXT_LIMIT}" in refused.json()["errors"]["text"][0].replace(",", "").replace("\xa0", "")

    def test_as_many_boxes_as_fit_work_to_the_last(self, api: Api) -> None:
        count = (TEXT_LIMIT + 1) // len("- [ ] a\n")
        note = api.add("\n".join("- [ ] a" for _ in range(count)))
        assert note["open_points"] == count
        path = f"notes/{note['id']}/boxes/{count - 1}/"
        ticked = api.call("PUT", path, {"checked": True, "version": 1}).json()
        assert ticked["open_points"] == count - 1

    @pytest.mark.parametrize(
        "text",
        ["> " * 9_000 + "x", "[" * 20_000, "*a" * 9_000, "- " * 9_000 + "x", "`" * 20_000, "|" * 20_000],
        ids=["quotes", "brackets", "stars", "lists", "ticks", "pipes"],
    )
    def test_what_makes_parsers_slow_or_deep_is_stored_like_any_text(self, api: Api, text: str) -> None:
        note = api.add(text)
        assert note["text"] == text
        assert api.call("GET", f"notes/{note['id']}/").status_code == 200

    @pytest.mark.parametrize("http", ["POST", "PATCH"])
    def test_a_megabyte_is_refused_whatever_it_is_for(self, api: Api, http: str) -> None:
        path = f"notes/{api.add('x')['id']}/" if http == "PATCH" else "notes/preview/"
        refused = api.call(http, path, {"text": "x" * 1_000_000, "version": 1})
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
        assert refused.json()["detail"]


class TestOdd:
    @pytest.mark.parametrize(
        "text",
        [
            "👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇦 👍🏿 ✈️",
            "\u0645\u0631\u062d\u0628\u0627 **\u0628\u0643\u0645** abc",
            "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e",
            "zero\u200bwidth\u200djoined\ufeff",
            "\U0001f1e9 lone flag letter, \ufffd and \U0010fffd",
        ],
    )
    def test_any_script_comes_back_as_it_was(self, api: Api, text: str) -> None:
        note = api.add(text)
        assert note["text"] == text
        assert api.call("GET", "notes/?q=" + text.split(maxsplit=1)[0]).status_code == 200

    def test_a_lone_surrogate_is_refused(self, api: Api) -> None:
        body = b'{"text": "a\\ud800"}'
        answer = api.client.post(
            "/api/v1/notes/",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {api.session}"},
        )
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_names_from_the_portal_are_text_and_deceive_nobody(self, opens: Opens) -> None:
        control = opens.emulator.control
        mallory = control.add_user(
            "alpha", name="<script>alert(1)</script>", last_name='"><img src=x> \u202egnp.exe 👩‍💻'
        )
        control.members("alpha", 22, add=[mallory])
        frame = frame_data(opens.widget("alpha", mallory, "chat22"))
        note: dict[str, Any] = opens.api(frame["session"]).add("innocent")

        html = opens.widget("alpha", MEI, "chat22").content.decode()

        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "\u202e" not in html + note["author"]["name"]
        assert "👩‍💻" in html
