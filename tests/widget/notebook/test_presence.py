"""Who is here, and where they write: told with the question that open pages ask anyway."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portals.infrastructure.shared import redis_client
from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.access.sessions import WidgetSession
from widget.models import Chat
from widget.notebook import presence

pytestmark = pytest.mark.django_db

ADMIN, PRIYA, LUCIA, MEI = 1, 3, 5, 7
PAGE, OTHER = "a" * 32, "b" * 32
Enter = Callable[..., Api]


@pytest.fixture
def enter(opens: Opens, installed: Callable[..., Portal]) -> Enter:
    """Somebody's session in a chat."""
    for key in ("alpha", "beta"):
        installed(key)

    def session(user: int, chat: str = "chat22", key: str = "alpha") -> Api:
        return opens.api(frame_data(opens.widget(key, user, chat))["session"])

    return session


def ask(api: Api, page: str | None = PAGE, **asked: Any) -> list[tuple[str, int | None]]:
    """Who else is here, and the note that they write: what the answer to an open page says."""
    if page:
        asked["page"] = page
    answer = api.call("GET", f"notes/changes/?{urlencode({'since': 0, **asked})}")
    assert answer.status_code == 200, answer.content
    return [(here["name"], here["note"]) for here in answer.json()["here"]]


def test_others_hear_of_a_page_and_where_its_viewer_writes(enter: Enter) -> None:
    priya, mei = enter(PRIYA), enter(MEI)
    assert ask(mei) == []
    assert ask(priya) == [("Mei Tanaka", None)]
    assert ask(mei, writing=5) == [("Priya Nair", None)]
    assert ask(priya, OTHER, writing=0) == [("Mei Tanaka", 5)]
    # Two pages of one viewer are one person, who writes; nobody hears of themselves.
    assert ask(mei) == [("Priya Nair", 0)]
    # Who asks without a page of theirs is not here, and is told of nobody.
    assert ask(enter(ADMIN), None) == []


def test_nobody_hears_of_it_in_another_chat_or_portal(enter: Enter) -> None:
    mei = enter(MEI)
    ask(mei, writing=0)
    assert ask(enter(PRIYA, "chat21")) == []
    assert ask(enter(PRIYA, "7")) == []
    assert ask(enter(ADMIN, "chat22", "beta")) == []
    assert ask(enter(PRIYA)) == [("Mei Tanaka", 0)]


def test_whoever_leaves_is_gone_at_once_and_whoever_falls_silent_soon(enter: Enter) -> None:
    priya, mei = enter(PRIYA), enter(MEI)
    ask(mei)
    ask(mei, OTHER)
    assert mei.call("DELETE", f"notes/here/{PAGE}/").status_code == 204
    assert ask(priya) == [("Mei Tanaka", None)], "her other page is open"
    assert mei.call("DELETE", f"notes/here/{OTHER}/").status_code == 204
    assert ask(priya, OTHER) == []
    ask(mei)
    # Nobody leaves for somebody else.
    assert priya.call("DELETE", f"notes/here/{PAGE}/").status_code == 204
    assert ask(priya, OTHER) == [("Mei Tanaka", None)]

    key = f"here:{Chat.objects.get(chat_id=22).pk}"
    redis = redis_client()
    assert 0 < redis.ttl(key) <= presence.LASTS
    # As if what is kept were that many seconds older.
    for page, said in redis.hgetall(key).items():
        assert isinstance(said, bytes)
        ends, _, rest = said.decode().partition(" ")
        redis.hset(key, page, f"{int(ends) - presence.LASTS} {rest}")
    assert ask(priya, OTHER) == []


def test_a_reader_is_here_and_writes_nothing(enter: Enter) -> None:
    reader = Api(
        enter(PRIYA).client, replace(WidgetSession.read(enter(PRIYA).session), can_write=False).sign()
    )
    ask(reader, writing=3)
    assert ask(enter(MEI)) == [("Priya Nair", None)]


def test_pages_are_bounded(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    priya, mei = enter(PRIYA), enter(MEI)
    for number in range(presence.MOST_OF_ONE + 3):
        ask(mei, f"{number:032x}")
    key = f"here:{Chat.objects.get(chat_id=22).pk}"
    assert redis_client().hlen(key) == presence.MOST_OF_ONE
    monkeypatch.setattr(presence, "MOST", presence.MOST_OF_ONE)
    ask(priya)
    assert redis_client().hlen(key) == presence.MOST_OF_ONE
    assert ask(priya) == [("Mei Tanaka", None)]


def test_nothing_is_sent_again_while_the_same_people_are_here(enter: Enter) -> None:
    priya, mei = enter(PRIYA), enter(MEI)
    ask(mei)
    first = priya.call("GET", f"notes/changes/?since=0&page={PAGE}")
    assert first.headers["ETag"] == first.json()["etag"]

    def again() -> Any:
        headers = {"If-None-Match": first.headers["ETag"]}
        return priya.call("GET", f"notes/changes/?since=0&page={PAGE}", None, **headers)

    with CaptureQueriesContext(connection) as queries:
        assert again().status_code == 304
    assert len(queries) == 1, "the session's"
    ask(mei, writing=1)
    assert again().json()["here"][0]["note"] == 1


@pytest.mark.parametrize(
    "query", ["page=x", "page=" + "a" * 33, "page=A-B", f"page={PAGE}&writing=-1", f"page={PAGE}&writing=x"]
)
def test_what_is_no_page_and_no_note_is_refused(enter: Enter, query: str) -> None:
    assert enter(PRIYA).call("GET", f"notes/changes/?since=0&{query}").status_code == 400
    assert enter(PRIYA).call("DELETE", "notes/here/not-a-page/").status_code == 400


def test_without_redis_nobody_is_known_to_be_here(enter: Enter, settings: Any) -> None:
    priya, mei = enter(PRIYA), enter(MEI)
    ask(mei)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert ask(priya) == []
    assert priya.call("DELETE", f"notes/here/{PAGE}/").status_code == 204
