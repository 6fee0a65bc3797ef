"""A chat's own templates: kept by its members, for its members, few enough to choose from."""

from collections.abc import Callable
from typing import Any

import pytest

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.models import NoteTemplate
from widget.notebook import data_export, templates

pytestmark = pytest.mark.django_db

PRIYA, MEI = 3, 7


@pytest.fixture
def alpha(installed: Callable[..., Portal]) -> Portal:
    return installed()


@pytest.fixture
def api(opens: Opens, alpha: Portal) -> Api:
    """Priya's session in chat 22."""
    return opens.api(frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"])


def keep(api: Api, title: str, text: str = "- [ ] truck") -> Any:
    return api.call("POST", "templates/", {"title": title, "text": text})


def listed(api: Api) -> list[tuple[str, str, int]]:
    found = api.call("GET", "templates/").json()["results"]
    return [(each["title"], each["text"], each["author"]["id"]) for each in found]


def test_nobodys_is_written_over(api: Api, opens: Opens) -> None:
    assert listed(api) == []
    assert keep(api, "Load-in").status_code == 201
    keep(api, "Decision", "**We decide:** …")
    mei = opens.api(frame_data(opens.widget("alpha", MEI, "chat22"))["session"])
    assert keep(mei, "Load-in", "- [ ] van").json()["title"] == "Load-in (2)"
    assert listed(api) == [
        ("Decision", "**We decide:** …", PRIYA),
        ("Load-in", "- [ ] truck", PRIYA),
        ("Load-in (2)", "- [ ] van", MEI),
    ]


def test_a_member_deletes_one_and_hears_that_it_is_gone(api: Api) -> None:
    template = keep(api, "Load-in").json()["id"]
    keep(api, "Decision")
    assert api.call("DELETE", f"templates/{template}/").status_code == 204
    again = api.call("DELETE", f"templates/{template}/")
    assert (again.status_code, again.json()["code"]) == (404, "template_gone")
    assert [title for title, _, _ in listed(api)] == ["Decision"]


def test_they_are_few(api: Api) -> None:
    for number in range(templates.MOST):
        assert keep(api, f"{number:02}").status_code == 201
    refused = keep(api, "one more")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_templates")
    assert keep(api, "07").status_code == 201, "as it is already"
    assert len(listed(api)) == templates.MOST


@pytest.mark.parametrize(
    "body",
    [{}, {"title": "a"}, {"text": "a"}, {"title": " ", "text": "a"}, {"title": "a" * 81, "text": "a"}, []],
)
def test_what_is_no_template_is_refused(api: Api, body: Any) -> None:
    answer = api.call("POST", "templates/", body)
    assert (answer.status_code, NoteTemplate.objects.count()) == (400, 0)


def test_they_are_in_the_export_and_go_with_the_chat(api: Api, alpha: Portal) -> None:
    keep(api, "Load-in")
    [chat] = data_export.export_chats(Portal, alpha, None)["chats"]
    assert [(each["title"], each["text"]) for each in chat["templates"]] == [("Load-in", "- [ ] truck")]
    alpha.chats.all().delete()
    assert not NoteTemplate.objects.exists()
