"""Several people at one note for months: what history keeps and says, what is asked, what is taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.query import QuerySet
from django.utils import timezone

from portals.models import Portal
from tests.support.opens import Opens, frame_data
from tests.support.writers import session_of
from widget.access.sessions import WidgetSession
from widget.models import Chat, Note, NoteRevision
from widget.notebook import comparison, data_export, editing, history, merging, notes, removal, templates
from widget.notebook.merging import Clashing
from widget.notebook.merging.tables import spans

PRIYA, MEI = 3, 7
Two = tuple[WidgetSession, WidgetSession]
TABLE = "| what | who |\n| --- | --- |\n| van | Ann |\n| food | Bob |"


@pytest.fixture
def two(installed: Callable[..., Portal], db: None) -> tuple[WidgetSession, WidgetSession]:
    """Priya and Mei in one chat."""
    portal = installed()
    chat = Chat.objects.create(portal=portal, chat_id=22)
    return session_of(portal, chat, PRIYA), session_of(portal, chat, MEI)


def everything(note: Note) -> str:
    note = Note.objects.get(pk=note.pk)
    return "\n".join([note.text, *note.revisions.values_list("text", flat=True)])


def age(note: Note, minutes: int) -> None:
    ago = timezone.now() - timedelta(minutes=minutes)
    Note.objects.filter(pk=note.pk).update(updated_at=ago, created_at=ago)
    NoteRevision.objects.filter(note=note).update(written_at=ago)


@pytest.mark.django_db
def test_last_words_of_another_are_kept_though_she_ticked_behind_them(two: Any) -> None:
    priya, mei = two
    note = notes.add(mei, "MEISWORDS are here\n\n- [ ] a")
    note = editing.tick(mei, note.pk, 0, checked=True, version=1)
    age(note, 60)
    note = editing.edit(priya, note.pk, "Priya\n\n- [x] a", note.version)
    for n in range(101):
        note = editing.tick(priya, note.pk, 0, checked=bool(n % 2), version=note.version)
        note = editing.edit(priya, note.pk, note.text + " x", note.version)
    assert "MEISWORDS" in everything(note)


@pytest.mark.django_db
def test_a_version_is_said_to_be_of_who_wrote_it(two: Any) -> None:
    """A tick's version, whose text is no longer kept, is hung on somebody else's older text."""
    priya, mei = two
    note = notes.add(mei, "Mei says yes\n\n- [ ] a")
    note = editing.edit(priya, note.pk, "Mei says no PRIYAWROTE\n\n- [ ] a", 1)
    note = editing.tick(priya, note.pk, 0, checked=True, version=2)
    for _ in range(101):
        note = editing.edit(priya, note.pk, note.text + " x", note.version)
    for each in history.versions(note):
        for step in each.steps:
            if each.editor_id == MEI:
                assert "PRIYAWROTE" not in (history.text_of(note, step) or ""), (
                    each.version,
                    each.editor_name,
                )


@pytest.mark.django_db
def test_ten_minutes_of_autosaving_do_not_erase_what_somebody_wrote_before(two: Any) -> None:
    """A pause within a word makes a version that counts: 100 autosaves are one version on the screen."""
    priya, _ = two
    note = notes.add(priya, "OLDDECISION of January")
    age(note, 60 * 24 * 30)
    note = editing.edit(priya, note.pk, "Of February", 1)
    Note.objects.update(updated_at=timezone.now() - timedelta(days=1))
    for n in range(101):
        note = editing.edit(priya, note.pk, f"Of March half{n}", note.version)
    listed = history.versions(note)
    assert "OLDDECISION" in everything(note), [(v.version, len(v.steps)) for v in listed]


@pytest.mark.django_db
def test_history_read_while_somebody_saves(two: Any) -> None:
    priya, mei = two
    note = notes.add(mei, "a")
    note = editing.edit(priya, note.pk, "b", 1)
    seen = notes.get(priya.chat, note.pk)
    editing.edit(mei, note.pk, "c", 2)
    editing.edit(priya, note.pk, "d", 3)
    numbers = [each.version for each in history.versions(seen)]
    assert numbers == sorted(set(numbers), reverse=True), numbers


def test_an_answer_and_its_contrary_ask() -> None:
    with pytest.raises(Clashing):
        merging.merge("**We decide:** ", "**We decide:** no", "**We decide:** yes")


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        ("We decide:", "We decide: no", "We decide: yes"),
        ("Price:", "Price: 950 euros", "Price: 900 dollars"),
        ("- Date:", "- Date: 5 May", "- Date: 6 May"),
        tuple(f"| Date:{said} | x |\n|---|---|\n| Who: | y |" for said in ("", " 5", " 6")),
    ],
)
def test_two_values_of_one_field_ask(base: str, mine: str, theirs: str) -> None:
    with pytest.raises(Clashing):
        merging.merge(base, mine, theirs)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["- [ ]\n  call Ann", "- > - [ ] call Ann"])
def test_a_tick_of_a_box_that_is_still_there(two: Any, text: str) -> None:
    priya, mei = two
    note = notes.add(mei, text)
    assert note.open_points == 1
    editing.edit(priya, note.pk, text + "\n\nMore.", 1)
    note = editing.tick(mei, note.pk, 0, checked=True, version=1)
    assert note.open_points == 0


@pytest.mark.parametrize("ahead", ["Costs\n-----\n\n", "Costs\n===\n\n", "[site]: https://example.org\n\n"])
@pytest.mark.parametrize("changed", [("van", "lorry"), ("food", "drinks")])
def test_taking_a_part_back_takes_back_that_part(ahead: str, changed: tuple[str, str]) -> None:
    before = ahead + TABLE
    after = before.replace(*changed)
    parts = comparison.compare(before, after)
    assert parts is not None
    [undo] = [part.undo for part in parts if part.undo]
    lines = after.split("\n")
    lines[undo.start : undo.end] = undo.lines
    assert "\n".join(lines) == before


@pytest.mark.parametrize("changed", [("van", "lorry"), ("food", "drinks"), ("what", "which")])
def test_taking_a_part_back_in_a_quote(changed: tuple[str, str]) -> None:
    quoted = "\n".join(f"> {line}" for line in ("Costs:", "", *TABLE.split("\n"))).replace("> \n", ">\n")
    after = quoted.replace(*changed)
    [undo] = [part.undo for part in comparison.compare(quoted, after) or () if part.undo]
    lines = after.split("\n")
    lines[undo.start : undo.end] = undo.lines
    assert "\n".join(lines) == quoted


def test_taking_back_an_added_row_takes_no_other_one_away() -> None:
    before = "Costs\n-----\n\n" + TABLE
    after = before.replace("| van | Ann |", "| van | Ann |\n| tent | Cy |")
    [undo] = [part.undo for part in comparison.compare(before, after) or () if part.undo]
    lines = after.split("\n")
    lines[undo.start : undo.end] = undo.lines
    assert "van" in "\n".join(lines), "\n".join(lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [("# Plan", "## Plan"), ("- a\n- b", "1. a\n2. b"), ("```\na\n```", "    a"), ("1. a", "7. a")],
)
def test_a_difference_that_readers_see_is_shown(before: str, after: str) -> None:
    parts = comparison.compare(before, after)
    assert parts is None or any(part.kind == "changed" for part in parts), parts


@pytest.mark.django_db
def test_administrators_export_has_the_templates(two: Any) -> None:
    priya, _ = two
    templates.keep(priya, "Load-in", "- [ ] truck")
    notes.add(priya, "a")

    class Client:
        def batch(self, commands: Any, **_: Any) -> Any:
            return {key: {} for key in commands}

    portal = Portal.objects.get()
    part = data_export.export_chats(Portal, portal, Client())  # type: ignore[arg-type]
    assert [each.get("templates") for each in part["chats"]] != [None]


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["\u200b", "\u202egnp.exe", "\u3164"])
def test_a_title_that_nobody_sees_or_that_deceives(opens: Opens, installed: Any, title: str) -> None:
    installed()
    api = opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])
    answer = api.call("POST", "templates/", {"title": title, "text": "a"})
    assert answer.status_code == 400 or answer.json()["title"] != title


@pytest.mark.django_db
def test_purging_does_not_erase_what_was_restored(two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restored a moment before its time, stored a moment after the purge has looked."""
    priya, _ = two
    note = notes.add(priya, "words")
    removal.delete(priya, note.pk, 1)
    later = timezone.now() + removal.KEPT + timedelta(seconds=1)
    only = QuerySet.only

    def restored_first(self: Any, *fields: str) -> Any:
        Note.objects.filter(pk=note.pk).update(deleted_at=None)
        return only(self, *fields)

    monkeypatch.setattr(QuerySet, "only", restored_first)
    removal.purge(later)
    assert Note.objects.filter(pk=note.pk).exists()


def test_a_table_of_rules_is_one_table() -> None:
    """Whatever it costs to look at a table, it is looked at once."""
    assert spans(["|-"] * 6400) == [(0, 6400, 1)]
    assert spans([*TABLE.split("\n"), "", *TABLE.split("\n")]) == [(0, 4, 1), (5, 9, 6)]


@pytest.mark.django_db
def test_a_repetition_is_made_once_though_it_met_the_same_of_another(two: Two) -> None:
    priya, mei = two
    note = notes.add(mei, "a")
    key = uuid4()
    editing.edit(priya, note.pk, "a\n\nb", 1)
    editing.edit(mei, note.pk, "a\n\nb", 1, key=key)  # both add it; the answer is lost
    editing.edit(priya, note.pk, "a", 2)  # it is taken out
    note = editing.edit(mei, note.pk, "a\n\nb", 1, key=key)
    assert note.text == "a"


@pytest.mark.django_db
def test_a_repetition_is_known_after_a_hundred_saves(two: Two) -> None:
    priya, mei = two
    note = notes.add(mei, "a")
    key = uuid4()
    note = editing.edit(priya, note.pk, "a\n\nb", 1, key=key)  # answer lost
    for n in range(102):  # her other tab, or her phone, goes on
        note = editing.edit(priya, note.pk, note.text + f" x{n}", note.version)
    before = note.text
    note = editing.edit(priya, note.pk, "a\n\nb", 1, key=key)
    assert note.text == before
