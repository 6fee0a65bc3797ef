"""What notes cost whoever opens, lists and follows them, whatever they say."""

from collections.abc import Callable
from typing import Any

import nh3
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portals.models import Portal, erasing
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, Note, NoteRevision
from widget.notebook import bounds, editing, markdown, notes, removal, rendering
from widget.notebook.checklists import NoSuchBox
from widget.notebook.difference import Piece, difference
from widget.notebook.markdown import RENDERER, render, tick
from widget.pages import kept_pages

pytestmark = pytest.mark.django_db

PRIYA = 3
CHAT = "chat22"
REFERENCES = "[a]: /" + "a" * 9_900 + "\n\n" + "[a] " * 2_500


@pytest.fixture(autouse=True)
def portal(installed: Callable[..., Portal]) -> Portal:
    return installed()


@pytest.fixture
def api(opens: Opens) -> Api:
    return opens.api(frame_data(opens.widget("alpha", PRIYA, CHAT))["session"])


def long_notes(number: int, pinned: int = 0) -> list[int]:
    """Notes whose HTML and text together take 210 000 bytes each."""
    chat = Chat.objects.get()
    made = Note.objects.bulk_create(
        Note(chat=chat, text="t" * 10_000, html="h" * bounds.HTML, renderer=RENDERER, author_id=PRIYA,
             author_name="P", changed_in=place + 1, pinned_at="2026-01-01T00:00:00Z" if place < pinned else None)
        for place in range(number)
    )  # fmt: skip
    Chat.objects.update(revision=number)
    return [note.pk for note in made]


class TestHtml:
    def test_references_that_repeat_an_address_are_shown_as_they_were_written(self, api: Api) -> None:
        for text in (REFERENCES, REFERENCES.replace("/" + "a" * 9_900, "/a '" + "t" * 9_900 + "'")):
            html = api.add(text[: bounds.TEXT])["html"]
            assert len(html) < 2 * bounds.TEXT
            assert html.startswith('<p class="prose-plain">[a]: /a')
            assert api.call("POST", "notes/preview/", {"text": text[: bounds.TEXT]}).json()["html"] == html

    def test_a_few_references_are_links(self) -> None:
        assert render("[a]: /x\n\n" + "[a] " * 20).html.count("<a ") == 20

    def test_what_is_too_large_is_known_before_it_is_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[int] = []
        clean = nh3.clean

        def noted(html: str, **rules: Any) -> str:
            written.append(len(html))
            return clean(html, **rules)

        monkeypatch.setattr("nh3.clean", noted)
        render(REFERENCES[: bounds.TEXT])
        assert written == []
        render("[a]: /x\n\n[a]")
        assert len(written) == 1

    @pytest.mark.parametrize(("columns", "rows"), [(15, 1_000), (100, 5_000), (1_000, 5_000), (4_000, 5_000)])
    def test_cells_that_nobody_wrote_are_few(self, columns: int, rows: int) -> None:
        text = "a|" * columns + "\n" + "-|" * columns + "\n" + "x\n" * rows
        html = render(text[: bounds.TEXT]).html
        assert "<td" not in html, "pipes stay pipes"
        assert "prose-plain" not in html, "no cell was made to find out"

    def test_a_table_as_large_as_people_write_them_is_one(self) -> None:
        text = "|a|b|c|d|\n|-|-|-|-|\n" + "|one|two|three|four|\n" * 900
        html = render("Some words\n\n" + text).html
        assert html.count("<td") == 3_600

    @pytest.mark.parametrize("text", ["[a]: http://x", "> " * 9_000 + "x", "`" * 20_000, ">", "[a]: /b 'c'"])
    def test_what_would_show_nothing_shows_what_was_written(self, text: str) -> None:
        rendered = render(text)
        assert rendered.html.startswith('<p class="prose-plain">')
        assert rendered.words == text

    def test_what_is_shown_as_it_was_written_has_no_boxes(self) -> None:
        text = "- [ ] a\n\n" + REFERENCES[:19_900]
        assert (render(text).boxes, render(text).open_points) == ((), 0)
        with pytest.raises(NoSuchBox):
            tick(text, 0, checked=True)

    @pytest.mark.parametrize("text", ["\u200b", "\u2060\ufeff \n\u00ad", "\u3164", "\u2800", "\u0301"])
    def test_what_nobody_sees_is_no_note(self, api: Api, text: str) -> None:
        refused = api.call("POST", "notes/", {"text": text})
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["text"])
        note = api.add("seen")
        edited = api.call("PATCH", f"notes/{note['id']}/", {"text": text, "version": 1})
        assert edited.status_code == 400

    def test_a_tick_looks_at_addresses_no_more_than_a_reader_does(self) -> None:
        text = "- [ ] a\n\n" + "http://a.example " * (bounds.ADDRESSES + 1)
        looks = 0
        linkify = markdown._parser(links=True, tables=True).linkify
        assert linkify is not None
        look = linkify.match_at_start

        def counted(rest: str) -> Any:
            nonlocal looks
            looks += 1
            return look(rest)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(linkify, "match_at_start", counted)
            assert tick(text, 0, checked=True).startswith("- [x] a")
            assert looks == 0
            tick("- [ ] a http://a.example", 0, checked=True)
            assert looks == 1


class TestAnswers:
    def test_a_page_ends_where_it_is_full_and_the_next_one_goes_on(self, api: Api) -> None:
        ids, seen, path = long_notes(30), [], "notes/"
        while path:
            answer = api.call("GET", path)
            assert len(answer.content) <= bounds.ANSWER + 100_000
            page = answer.json()
            seen += [note["id"] for note in page["results"]]
            path = (page["next"] or "").removeprefix("/api/v1/")
        assert seen == ids[::-1]

    def test_the_pinned_and_one_more_always_come(self, api: Api) -> None:
        ids = long_notes(30, pinned=8)
        page = api.call("GET", "notes/").json()
        assert {note["id"] for note in page["results"]} == {*ids[:8], ids[-1]}
        rest = api.call("GET", page["next"].removeprefix("/api/v1/")).json()
        assert rest["results"][0]["id"] == ids[-2]

    def test_the_bin_comes_in_parts_by_their_size(self, api: Api) -> None:
        ids, seen, path = long_notes(30), [], "notes/deleted/"
        Note.objects.update(deleted_at=timezone.now(), deleter_id=PRIYA, deleter_name="P")
        while path:
            answer = api.call("GET", path)
            assert len(answer.content) <= bounds.ANSWER + 100_000
            page = answer.json()
            seen += [note["id"] for note in page["results"]]
            path = (page["next"] or "").removeprefix("/api/v1/")
        assert seen == ids[::-1]

    @pytest.mark.parametrize("path", ["notes/", "notes/?q=P", "notes/deleted/", "notes/changes/?since=0"])
    def test_what_only_a_search_reads_is_not_answered_with(self, api: Api, path: str) -> None:
        long_notes(2, pinned=1)
        with CaptureQueriesContext(connection) as queries:
            api.call("GET", path)
        assert not [query for query in queries if '"folded",' in query["sql"]]

    def test_changes_come_in_parts_by_their_size(self, api: Api) -> None:
        ids, seen, since, more = long_notes(30), [], 0, True
        while more:
            answer = api.call("GET", f"notes/changes/?since={since}")
            assert len(answer.content) <= bounds.ANSWER + 100_000
            part = answer.json()
            seen += [note["id"] for note in part["results"]]
            since, more = part["revision"], part["more"]
        assert (seen, since) == (ids, 30)

    def test_a_page_of_long_notes_is_no_longer_than_an_answer(self, opens: Opens, api: Api) -> None:
        for _ in range(10):
            api.add(REFERENCES[: bounds.TEXT])
        long_notes(10)
        page = opens.widget("alpha", PRIYA, CHAT).content
        assert len(page) <= bounds.ANSWER + 200_000
        assert b"data-next" in page

    def test_pages_that_are_kept_take_no_more_than_they_may(self, opens: Opens, api: Api) -> None:
        """A new page takes the place of the one before; pages of many chats make room for one another."""
        long_notes(50)
        form = opens.form("alpha", PRIYA, CHAT)
        opens.post(form)
        one = kept_pages.kept()
        assert one > bounds.ANSWER // 2
        for revision in range(51, 91):
            Chat.objects.update(revision=revision)
            opens.post(form)
            assert kept_pages.kept() <= one + 100
        for number in range(40):
            form["fields"]["PLACEMENT_OPTIONS"] = f'{{"dialogId": "{CHAT}", "note": "{number}"}}'
            opens.post({**form, "fields": {**form["fields"], "PLACEMENT": "REST_APP_URI"}})
        assert kept_pages.kept() <= bounds.KEPT_PAGES


class TestDifferences:
    def test_texts_of_ten_thousand_words_are_shown_as_replaced(self) -> None:
        before = " ".join("abcdefghij"[number % 10] for number in range(10_000))[: bounds.TEXT]
        # The second one differs by one word: only the size of both says that they are not compared.
        for after in (before[::-1], "x" + before[1:]):
            assert difference(before, after) == (Piece("removed", before), Piece("added", after))

    def test_changes_without_number_are_shown_as_one(self) -> None:
        before = "\n".join(f"same{number} old{number}" for number in range(1_200))
        after = before.replace("old", "new")
        assert difference(before, after) == (Piece("removed", before), Piece("added", after))

    def test_people_read_words_and_not_spaces(self) -> None:
        assert difference("pay the old rent now", "pay a new fee now") == (
            Piece("same", "pay "),
            Piece("removed", "the old rent"),
            Piece("added", "a new fee"),
            Piece("same", " now"),
        )

    def test_one_word_of_a_long_text(self) -> None:
        words = [f"word{number}" for number in range(1_900)]
        before = " ".join(words)
        after = before.replace("word950", "another")
        kinds = [piece.kind for piece in difference(before, after)]
        assert kinds == ["same", "removed", "added", "same"]


class TestRenderingAnew:
    def test_reading_writes_nothing(self, opens: Opens, api: Api) -> None:
        note = api.add("**a**")
        Note.objects.update(renderer=1, html="<p>older rules</p>")
        with CaptureQueriesContext(connection) as queries:
            assert api.call("GET", "notes/").json()["results"][0]["html"] == "<p>older rules</p>"
            api.call("GET", "notes/changes/?since=0")
        assert not [query for query in queries if "UPDATE" in query["sql"]]
        assert Note.objects.get(pk=note["id"]).renderer == 1

    def test_the_command_renders_what_is_older_and_nothing_else(self, api: Api, capsys: Any) -> None:
        for text in ("- [ ] Ёлка", "new"):
            api.add(text)
        Note.objects.filter(text__startswith="-").update(renderer=1, html="x", folded="", open_points=0)
        Note.objects.filter(text="new").update(html="<p>kept</p>")
        call_command("render_notes")
        call_command("render_notes")
        assert capsys.readouterr().out.splitlines() == ["1 notes rendered anew", "0 notes rendered anew"]
        older, newer = Note.objects.order_by("pk")
        assert (older.html.count("<input"), older.open_points, older.renderer) == (1, 1, RENDERER)
        assert older.folded.endswith("елка")
        assert newer.html == "<p>kept</p>"

    def test_an_edit_between_reading_and_writing_wins(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        note = api.add("old text")
        Note.objects.update(renderer=1)
        real = markdown.render

        def slow(text: str, base: str = "") -> markdown.Rendered:
            if text == "old text":
                Note.objects.update(text="NEW TEXT", html="<p>NEW TEXT</p>", renderer=RENDERER)
            return real(text, base)

        monkeypatch.setattr("widget.notebook.rendering.render", slow)
        assert rendering.renew() == 0
        assert Note.objects.get(pk=note["id"]).html == "<p>NEW TEXT</p>"


@pytest.mark.django_db(transaction=True)
def test_nobody_holds_the_chat_while_a_note_is_rendered(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    real, held = markdown.render, list[bool]()

    def watched(text: str, base: str = "") -> markdown.Rendered:
        held.append(connection.in_atomic_block)
        return real(text, base)

    monkeypatch.setattr("widget.notebook.rendering.render", watched)
    note = api.add("- [ ] a")
    path = f"notes/{note['id']}/"
    assert api.call("PUT", f"{path}boxes/0/", {"checked": True, "version": 1}).status_code == 200
    assert api.call("PATCH", path, {"text": "b", "version": 2}).status_code == 200
    assert held == [False, False, False]
    assert notes.get(Chat.objects.get().pk, note["id"]).html == "<p>b</p>\n"


def test_who_is_overtaken_each_time_is_told_to_come_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    note = api.add("a\nb")
    real, rounds = rendering.made, 0

    def overtaken(*args: Any) -> rendering.Made:
        nonlocal rounds
        rounds += 1
        Note.objects.filter(pk=note["id"]).update(version=F("version") + 1, text=f"a{rounds}\nb")
        NoteRevision.objects.get_or_create(
            note_id=note["id"],
            version=1,
            defaults={"text": "a\nb", "editor_id": PRIYA, "written_at": timezone.now()},
        )
        return real(*args)

    monkeypatch.setattr(rendering, "made", overtaken)
    answer = api.call("PATCH", f"notes/{note['id']}/", {"text": "a\nb\nc", "version": 1})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "overtaken", "1")
    assert rounds == editing.ROUNDS


def test_a_purge_takes_portions_and_reads_no_text(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    long_notes(7)
    Note.objects.update(deleted_at=timezone.now() - 2 * removal.KEPT)
    monkeypatch.setattr(erasing, "PORTION", 3)
    with CaptureQueriesContext(connection) as queries:
        assert removal.purge() == 7
    deletions = [q for q in queries if q["sql"].startswith('DELETE FROM "widget_note" ')]
    assert len(deletions) == 3
    assert not [query for query in queries if '"html"' in query["sql"]]
