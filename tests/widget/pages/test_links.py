"""A link to a note leads whoever may read the chat to the note, and nobody else anywhere."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data

pytestmark = pytest.mark.django_db

PRIYA, TOMAS, LUCIA, MEI = 3, 4, 5, 7


@pytest.fixture(autouse=True)
def _installed(installed: Callable[..., Portal]) -> None:
    installed()


class Link:
    """A link that somebody has copied in the sidebar of a chat."""

    def __init__(self, opens: Opens, user_id: int, dialog_id: str) -> None:
        self.opens = opens
        self.frame = frame_data(opens.widget("alpha", user_id, dialog_id))
        self.api = Api(opens.client, self.frame["session"])

    def to(self, note_id: int) -> str:
        return f"{self.frame['link']}{note_id}"

    def follow(self, user_id: int, note_id: int | str, **options: str) -> Any:
        """The page that Bitrix24 opens for a follower: what is in `params` becomes PLACEMENT_OPTIONS."""
        query = parse_qs(urlsplit(f"{self.frame['link']}{note_id}").query)
        named = {name.removeprefix("params[").rstrip("]"): value for name, [value] in query.items()}
        form = self.opens.emulator.control.open(
            "alpha", user_id, placement="REST_APP_URI", options=named | options
        )
        return self.opens.post(form)


def test_a_link_names_our_application_and_the_chat(opens: Opens) -> None:
    url = urlsplit(Link(opens, PRIYA, "chat22").to(12))
    assert f"{url.scheme}://{url.netloc}" == opens.emulator.portals["alpha"].url
    assert url.path == f"/marketplace/view/{Portal.objects.get().app_code}/"
    assert parse_qs(url.query) == {"params[dialogId]": ["chat22"], "params[note]": ["12"]}


def test_members_get_the_note_and_can_go_on_from_there(opens: Opens) -> None:
    link = Link(opens, PRIYA, "chat22")
    first, second = link.api.add("the one"), link.api.add("another")

    page = link.follow(MEI, first["id"])

    html = page.content.decode()
    assert f'data-note="{first["id"]}"' in html
    assert f'data-note="{second["id"]}"' not in html
    frame = frame_data(page)
    assert frame["linked"] == first["id"]
    assert "data-next" not in html
    assert len(opens.api(frame["session"]).call("GET", "notes/").json()["results"]) == 2


def test_both_people_of_a_private_chat_can_follow_it_and_no_third(opens: Opens) -> None:
    link = Link(opens, PRIYA, str(MEI))
    note = link.api.add("between two")

    for person in (PRIYA, MEI):
        assert "between two" in link.follow(person, note["id"]).content.decode()
    for person in (TOMAS, LUCIA):
        refused = link.follow(person, note["id"])
        assert refused.status_code == 403
        assert "between two" not in refused.content.decode()


def test_outsiders_learn_nothing_whether_the_note_exists_or_not(opens: Opens) -> None:
    link = Link(opens, PRIYA, "chat22")
    note = link.api.add("secret")
    refused = [link.follow(LUCIA, number) for number in (note["id"], note["id"] + 1)]
    assert {answer.status_code for answer in refused} == {403}
    assert all("secret" not in answer.content.decode() for answer in refused)


def test_a_note_of_another_chat_is_not_shown_by_naming_one_that_is_open(opens: Opens) -> None:
    note = Link(opens, PRIYA, str(MEI)).api.add("between two")
    page = Link(opens, PRIYA, "chat22").follow(TOMAS, note["id"], dialogId="chat21")
    assert page.status_code == 200
    assert "between two" not in page.content.decode()
    assert frame_data(page)["linked"] is None


@pytest.mark.parametrize("number", ["", "x", "0", "9" * 17, "1e3", "\u0664"])
def test_a_link_to_no_note_opens_the_notebook(opens: Opens, number: str) -> None:
    link = Link(opens, PRIYA, "chat22")
    link.api.add("still here")
    page = link.follow(PRIYA, number)
    assert page.status_code == 200
    assert "still here" in page.content.decode()
    assert "This note was deleted." in page.content.decode()


def test_a_deleted_note_is_said_to_be_deleted(opens: Opens) -> None:
    link = Link(opens, PRIYA, "chat22")
    note = link.api.add("gone")
    link.api.call("DELETE", f"notes/{note['id']}/?version=1")
    html = link.follow(MEI, note["id"]).content.decode()
    assert "This note was deleted." in html
    assert "gone</p>" not in html


@pytest.mark.parametrize("number", ["9" * 18, "9" * 30, "9" * 5_000, "²", "٣", "-1", ""])
def test_a_number_that_no_note_has_leads_to_the_notebook(opens: Opens, number: str) -> None:
    page = Link(opens, PRIYA, "chat22").follow(PRIYA, number)
    assert page.status_code == 200
    assert frame_data(page)["linked"] is None
