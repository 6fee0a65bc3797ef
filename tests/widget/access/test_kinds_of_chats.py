"""Chats as portals tell of them that the emulated one is not: very large, without a list, of an older kind.

The portal is a script: it answers every batch alike. Facts: Bitrix24 REST docs, "im.dialog.get" and
"im.chat.user.list" (August 2026); portal source, im/lib/chat.php and im_rest.php (May 2026).
"""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache

from portals.models import Portal
from tests.portals.bitrix24.scripted import ScriptedServer, answer, read_request
from tests.security.conftest import hostile
from tests.support.opens import Opens, frame_data
from tests.support.scene import cost

shared_cache: Any = cache  # with what is no part of Django's interface
pytestmark = pytest.mark.django_db
PRIYA, TOMAS, MEI = 3, 4, 7
CHAT = "chat22"
DIALOG = {"id": 22, "name": "Site", "type": "chat", "message_type": "C", "role": "member", "entity_type": ""}


@pytest.fixture(autouse=True)
def alpha(installed: Callable[..., Portal]) -> Portal:
    return installed()


def row(number: int, *, extranet: bool = False, active: bool = True) -> dict[str, Any]:
    return {"id": number, "name": f"Person {number}", "extranet": extranet, "active": active}


@contextmanager
def telling(
    portal: Portal, *, viewer: int = PRIYA, errors: dict[str, str] | None = None, **results: Any
) -> Iterator[ScriptedServer]:
    """The portal says of everybody that it is ``viewer``; ``results`` by command."""
    told = {
        "app": {"CODE": portal.app_code, "VERSION": portal.app_version, "INSTALLED": True},
        "profile": {"ID": str(viewer), "ADMIN": False, "NAME": "Some", "LAST_NAME": "Body"},
        "viewer": row(viewer),
        "dialog": DIALOG,
        **results,
    }
    refused = {key: {"error": code, "error_description": ""} for key, code in (errors or {}).items()}
    told = {key: value for key, value in told.items() if key not in refused}
    body = json.dumps({"result": {"result": told, "result_error": refused}, "time": {}}).encode()

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer("200 OK", body))

    with hostile(portal, script) as server:
        yield server


def test_the_general_chat(opens: Opens, alpha: Portal) -> None:
    """Its members are told by no method but the one with names, and they are enough for colleagues."""
    people = [row(number) for number in (PRIYA, MEI)]
    with telling(alpha, errors={"members": "ACCESS_ERROR"}, people_0=people) as server:
        assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
        found = cost(opens, opens.form("alpha", MEI, "chat22"))
        assert (found.response.status_code, found.server, server.connections) == (200, 1, 1)
        assert frame_data(found.response)["can_write"] is True


def test_a_chat_of_20_000_people(opens: Opens, alpha: Portal) -> None:
    readers = [
        {"user_id": number, "user_name": "N" * 60, "message_id": 10**9 + number,
         "date": "2026-08-01T10:00:00+02:00", "avatar": f"https://cdn.bitrix24.example/b1234567/main/{number:040d}/avatar.png"}
        for number in range(1, 20_001)
    ]  # fmt: skip
    with telling(alpha, dialog=DIALOG | {"readed_list": readers}, members=list(range(1, 20_001))):
        assert len(json.dumps(readers)) > 4_500_000
        assert opens.widget("alpha", PRIYA, CHAT).status_code == 200


def test_an_answer_beyond_all_measure(opens: Opens, alpha: Portal) -> None:
    with telling(alpha, dialog=DIALOG | {"readed_list": "x" * 9_000_000}):
        assert opens.widget("alpha", PRIYA, CHAT).status_code == 503


@pytest.mark.parametrize(
    "code", ["ACCESS_ERROR", "OPERATION_TIME_LIMIT", "INTERNAL_SERVER_ERROR", "ERROR_CORE"]
)
def test_names_that_a_portal_does_not_tell(opens: Opens, alpha: Portal, code: str) -> None:
    """Neither this open nor the next one, of another chat, waits for them."""
    errors = dict.fromkeys(("people_0", "people_1", "people_2", "members"), code)
    with telling(alpha, errors=errors) as server:
        assert opens.widget("alpha", PRIYA, CHAT).status_code == 200
        assert opens.widget("alpha", TOMAS, "chat24").status_code == 200
        assert server.connections == 2


class TestRoles:
    """Who may write: by the role, and of a portal that tells none by the list of members."""

    @pytest.mark.parametrize(
        ("role", "members", "can_write"),
        [
            ("member", [PRIYA, MEI], True),
            ("guest", [MEI], False),
            ("guest", [PRIYA, MEI], False),
            (None, [PRIYA, MEI], True),
            (None, {"0": str(PRIYA), "2": str(MEI)}, True),
            (None, [MEI], False),
            (None, [], False),
            (None, None, False),
        ],
    )
    def test_in_a_group(
        self, opens: Opens, alpha: Portal, role: str | None, members: Any, can_write: bool
    ) -> None:
        dialog = {name: value for name, value in DIALOG.items() if name != "role"}
        if role:
            dialog["role"] = role
        with telling(alpha, dialog=dialog, members=members):
            assert frame_data(opens.widget("alpha", PRIYA, CHAT))["can_write"] is can_write

    def test_in_a_group_without_a_list(self, opens: Opens, alpha: Portal) -> None:
        dialog = DIALOG | {"role": ""}
        with telling(alpha, dialog=dialog, errors={"members": "ACCESS_ERROR"}, people_0=[row(PRIYA)]):
            assert frame_data(opens.widget("alpha", PRIYA, CHAT))["can_write"] is True

    def test_in_a_private_chat(self, opens: Opens, alpha: Portal) -> None:
        with telling(alpha, dialog=DIALOG | {"role": "", "message_type": "P"}):
            assert frame_data(opens.widget("alpha", PRIYA, str(MEI)))["can_write"] is True

    def test_a_role_serves_nobody_but_its_viewer(self, opens: Opens, alpha: Portal) -> None:
        """A colleague is let in by the names of who is there, and by nothing that was said of the first one."""
        with telling(alpha, members=[PRIYA, MEI], people_0=[row(PRIYA)]) as server:
            assert opens.widget("alpha", PRIYA, CHAT).status_code == 200
            opens.widget("alpha", MEI, CHAT)
            assert server.connections == 2


class TestLooks:
    """Whom a look at a chat serves."""

    @pytest.fixture
    def looked(self, opens: Opens, alpha: Portal) -> Iterator[ScriptedServer]:
        people = [row(PRIYA), row(MEI), row(TOMAS, active=False)]
        with telling(alpha, people_0=people) as server:
            yield server

    def test_nobody_who_was_dismissed(self, opens: Opens, looked: ScriptedServer) -> None:
        opens.widget("alpha", PRIYA, CHAT)
        opens.widget("alpha", TOMAS, CHAT)
        assert looked.connections == 2

    def test_nobody_by_a_number(self, opens: Opens, looked: ScriptedServer) -> None:
        """A number that a portal leads to a group chat is still another one for each viewer."""
        opens.widget("alpha", PRIYA, str(TOMAS))
        opens.widget("alpha", MEI, str(TOMAS))
        assert looked.connections == 2

    def test_once_a_person(self, opens: Opens, looked: ScriptedServer, clocks: Any) -> None:
        """Whoever goes on is asked about at the portal: it alone knows who may use the application."""
        opens.widget("alpha", PRIYA, CHAT)
        hoarded = [opens.form("alpha", MEI, CHAT) for _ in range(2)]
        assert opens.post(hoarded[0]).status_code == 200
        assert looked.connections == 1
        clocks.advance(seconds=601)
        opens.widget("alpha", PRIYA, CHAT)
        before = looked.connections
        opens.post(hoarded[1])
        assert looked.connections == before + 1

    def test_is_in_redis_alone(self, opens: Opens, looked: ScriptedServer) -> None:
        opens.widget("alpha", PRIYA, CHAT)
        assert shared_cache.keys("look:*")
        assert not [key for key in shared_cache._memory._cache if ":look:" in key]
