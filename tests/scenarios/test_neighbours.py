"""What is done to one portal, chat or note leaves every other as it was, down to the last column."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Model, QuerySet

from portals.lifecycle import settings_page
from portals.models import Portal, PortalTransition
from portals.outgoing import consequences
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, Note
from widget.notebook import data_export

pytestmark = pytest.mark.django_db

ADMIN = 1
Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def portals(installed: Callable[..., Portal]) -> dict[str, Portal]:
    return {key: installed(key) for key in ("alpha", "beta")}


@pytest.fixture
def notebooks(opens: Opens) -> dict[tuple[str, str], Api]:
    """Two chats of each of two portals, with the same two notes in all of them."""
    found = {
        (key, chat): opens.api(frame_data(opens.widget(key, ADMIN, chat))["session"])
        for key in ("alpha", "beta")
        for chat in ("chat21", "chat22")
    }
    for api in found.values():
        for text in ("- [ ] the same", "another"):
            api.add(text)
    return found


def rows(query: QuerySet[Any]) -> Rows:
    return list(query.order_by("pk").values())


def others(chat: Chat, note: Note | None = None) -> list[Rows]:
    """All that a change of ``note``, or a new one, of ``chat`` does not concern."""
    notes = (
        Note.objects.exclude(pk=note.pk)
        if note
        else Note.objects.filter(chat__in=Chat.objects.exclude(pk=chat.pk))
    )
    return [rows(Chat.objects.exclude(pk=chat.pk)), rows(notes), rows(Portal.objects.all())]


CHANGES: dict[str, Callable[[Api, Note], Any]] = {
    "edit": lambda api, note: api.call("PATCH", f"notes/{note.pk}/", {"text": "x", "version": 1}),
    "tick": lambda api, note: api.call("PUT", f"notes/{note.pk}/boxes/0/", {"checked": True, "version": 1}),
    "pin": lambda api, note: api.call("PUT", f"notes/{note.pk}/pin/"),
    "delete": lambda api, note: api.call("DELETE", f"notes/{note.pk}/?version=1"),
    "add": lambda api, _note: api.call("POST", "notes/", {"text": "more"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_a_note(
    notebooks: dict[tuple[str, str], Api], portals: dict[str, Portal], name: str
) -> None:
    chat = Chat.objects.get(portal=portals["alpha"], chat_id=22)
    note = chat.notes.earliest("pk")
    before = others(chat, None if name == "add" else note)
    revision = chat.revision
    answer = CHANGES[name](notebooks["alpha", "chat22"], note)
    assert answer.status_code < 300, answer.content
    assert others(chat, None if name == "add" else note) == before
    chat.refresh_from_db()
    assert chat.revision == revision + 1


def test_a_note_that_comes_back_says_of_nobody_that_they_deleted_it(
    notebooks: dict[tuple[str, str], Api],
) -> None:
    api = notebooks["alpha", "chat22"]
    note = Note.objects.filter(chat__portal__member_id=Portal.objects.earliest("pk").member_id).latest("pk")
    before = rows(Note.objects.filter(pk=note.pk))
    assert api.call("DELETE", f"notes/{note.pk}/?version=1").status_code == 204
    assert Note.objects.get(pk=note.pk).deleter_name
    assert api.call("POST", f"notes/{note.pk}/restore/").status_code == 200
    [after] = rows(Note.objects.filter(pk=note.pk))
    assert {name for name, value in after.items() if value != before[0][name]} == {"changed_in"}


def test_one_note_rendered_anew(notebooks: dict[tuple[str, str], Api]) -> None:
    note = Note.objects.earliest("pk")
    Note.objects.filter(pk=note.pk).update(renderer=1, html="older")
    Note.objects.exclude(pk=note.pk).update(html="kept")
    call_command("render_notes")
    assert Note.objects.get(pk=note.pk).html != "older"
    assert set(Note.objects.exclude(pk=note.pk).values_list("html", flat=True)) == {"kept"}


def test_an_export(notebooks: dict[tuple[str, str], Api], portals: dict[str, Portal], opens: Opens) -> None:
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    found = settings_page.export(portals["alpha"], form["fields"]["AUTH_ID"], 0)
    assert numbers(found["chats"]) == [(21, 2), (22, 2)]
    [everything] = [data_export.export_chats(Portal, portals["alpha"], None)["chats"]]
    mine = list(everything)
    assert numbers(mine) == [(21, 2), (22, 2)]
    [note, _] = mine[0]["notes"]
    stored = Note.objects.get(chat__portal=portals["alpha"], chat__chat_id=21, text="- [ ] the same")
    said = {"text", "author_id", "author_name", "created_at", "updated_at"}
    assert {name: note[name] for name in note if name != "revisions"} == {
        name: getattr(stored, name) for name in said
    }
    assert json.dumps(found["chats"], default=str).count("the same") == 2


def numbers(chats: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(chat["chat_id"], chat["number_of_notes"]) for chat in chats]


def test_a_refresh_that_disproves_a_block(portals: dict[str, Portal]) -> None:
    """The other portal is blocked too, by what a refresh of this one says nothing about."""
    portals["beta"].block("not_installed")
    portals["alpha"].block("not_administrator")
    consequences.disproved_by_refresh(portals["alpha"])
    assert standing(portals.values()) == [("blocked", "not_administrator"), ("blocked", "not_installed")]
    consequences.disproved_by_refresh(portals["beta"])
    assert standing(portals.values()) == [("blocked", "not_administrator"), ("active", "token_refreshed")]


def standing(portals: Iterable[Model]) -> list[tuple[str, str]]:
    found = Portal.objects.filter(pk__in=[portal.pk for portal in portals]).order_by("pk")
    return [(portal.status, portal.status_reason) for portal in found]


def everything_of(portal: Portal) -> list[Rows]:
    return [
        rows(Portal.objects.filter(pk=portal.pk)),
        rows(Chat.objects.filter(portal=portal)),
        rows(Note.objects.filter(chat__portal=portal)),
        rows(PortalTransition.objects.filter(member_id=portal.member_id)),
    ]


def test_a_portal_whose_data_is_erased(
    notebooks: dict[tuple[str, str], Api], portals: dict[str, Portal], opens: Opens
) -> None:
    beta = portals["beta"]
    before = everything_of(beta)
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    page = frame_data(opens.application("alpha", ADMIN))
    answer = opens.client.post(
        page["erase"],
        {"access_token": form["fields"]["AUTH_ID"], "confirm": True},
        content_type="application/json",
        headers={"Authorization": f"Bearer {page['session']}"},
    )
    assert answer.status_code < 300, answer.content
    assert not Note.objects.filter(chat__portal=portals["alpha"]).exists()
    assert everything_of(beta) == before
