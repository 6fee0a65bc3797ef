"""An administrator's export of portals that tell much, or nothing, of their chats.

The portal is a script that answers what it is asked. Sizes and keys: portal source, im/lib/chat.php (May 2026).
"""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

import pytest

from portals.lifecycle import settings_page
from portals.models import Portal
from portals.refusals import Refusal
from tests.portals.bitrix24.scripted import answer, read_request
from tests.security.conftest import hostile
from widget.models import Chat, Note

pytestmark = pytest.mark.django_db

ADMIN = {"ID": "1", "ADMIN": True, "NAME": "Anna", "LAST_NAME": "Admin"}
TOKEN = "t" * 40
_ASKED = re.compile(r"cmd\[chat_(\d+)\]")


@pytest.fixture
def alpha(installed: Callable[..., Portal]) -> Portal:
    return installed()


@pytest.fixture
def notebooks(alpha: Portal) -> Callable[[int], list[Chat]]:
    """Some chats of a note each."""

    def made(number: int) -> list[Chat]:
        chats = Chat.objects.bulk_create(Chat(portal=alpha, chat_id=1000 + n) for n in range(number))
        Note.objects.bulk_create(
            Note(chat=chat, text="x", html="x", author_id=3, author_name="P") for chat in chats
        )
        return chats

    return made


def readers(number: int) -> list[dict[str, Any]]:
    """Who has read a chat, at 190 bytes each."""
    return [
        {"user_id": n, "user_name": f"Person {n:06d}", "message_id": 10**6, "date": "2026-08-01T10:00:00+02:00",
         "avatar": f"https://cdn.bitrix24.example/b1234567/main/{n:032d}/a.png"}
        for n in range(number)
    ]  # fmt: skip


@contextmanager
def portal_telling(
    portal: Portal, *, people: int = 0, refused: dict[int, str] | None = None
) -> Iterator[list[int]]:
    """Of each chat ``people`` readers, of those ``refused`` an error; yields how many chats each request names."""
    requests: list[int] = []
    dialog = {"id": 1, "type": "chat", "message_type": "C", "readed_list": readers(people)}
    told = json.dumps(dialog)
    visit = {"app": {"CODE": portal.app_code, "VERSION": 1, "INSTALLED": True}, "profile": ADMIN}

    def script(connection: socket.socket) -> None:
        asked = [int(pk) for pk in _ASKED.findall(unquote_plus(read_request(connection).decode()))]
        results = {key: json.dumps(value) for key, value in visit.items()}
        errors = {}
        if asked:
            requests.append(len(asked))
            results = {f"chat_{pk}": told for pk in asked if pk not in (refused or {})}
            errors = {f"chat_{pk}": {"error": code} for pk, code in (refused or {}).items()}
        members = ",".join(f'"{key}":{value}' for key, value in results.items())
        body = f'{{"result":{{"result":{{{members}}},"result_error":{json.dumps(errors)}}},"time":{{}}}}'
        connection.sendall(answer("200 OK", body.encode()))

    with hostile(portal, script):
        yield requests


def part(after: int = 0) -> dict[str, Any]:
    return settings_page.export(Portal.objects.get(), TOKEN, after)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("QUERY_LIMIT_EXCEEDED", "busy"),
        ("OPERATION_TIME_LIMIT", "busy"),
        ("INTERNAL_SERVER_ERROR", "portal_unreachable"),
        ("SOMETHING_NEW", "unexpected"),
    ],
)
def test_what_the_portal_cannot_tell_is_asked_again_and_not_left_out(
    alpha: Portal, notebooks: Callable[[int], list[Chat]], code: str, reason: str
) -> None:
    _one, two = notebooks(2)
    with portal_telling(alpha, refused={two.pk: code}), pytest.raises(Refusal) as raised:
        part()
    assert raised.value.reason == reason


def test_a_chat_that_the_administrator_may_not_read_is_named_alone(
    alpha: Portal, notebooks: Callable[[int], list[Chat]]
) -> None:
    _one, two = notebooks(2)
    with portal_telling(alpha, refused={two.pk: "ACCESS_ERROR"}):
        assert [chat["notes"] is not None for chat in part()["chats"]] == [True, False]


@pytest.mark.parametrize(
    ("number", "people", "requests"),
    [
        (50, 300, [50, 25, 25]),
        (3, 20_000, [3, 1, 2, 1, 1]),
    ],
)
def test_chats_of_many_people_come_in_smaller_parts(
    alpha: Portal,
    notebooks: Callable[[int], list[Chat]],
    number: int,
    people: int,
    requests: list[int],
) -> None:
    made = notebooks(number)
    exported: list[dict[str, Any]] = []
    after: int | None = 0
    with portal_telling(alpha, people=people) as asked:
        while after is not None:
            found = part(after)
            exported += found["chats"]
            after = found["next"]
    assert [chat["chat_id"] for chat in exported] == [chat.chat_id for chat in made]
    assert all(chat["notes"] for chat in exported)
    assert asked == requests


def test_a_portal_that_tells_too_much_is_no_portal_that_fails(
    alpha: Portal, notebooks: Callable[[int], list[Chat]]
) -> None:
    """However often in a row: its people still open their notebooks."""
    notebooks(50)
    with portal_telling(alpha, people=12_000) as asked:
        assert len(part()["chats"]) == 1
    assert asked == [50, 25, 12, 6, 3, 1]


def test_what_is_more_than_one_chat_may_tell_is_said(
    alpha: Portal, notebooks: Callable[[int], list[Chat]]
) -> None:
    notebooks(1)
    with portal_telling(alpha, people=50_000), pytest.raises(Refusal):
        part()
