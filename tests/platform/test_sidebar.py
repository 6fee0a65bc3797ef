"""In which chats the item of `IM_SIDEBAR` is shown, and what its handler receives.

SOURCE: b24restdocs api-reference/widgets/im/sidebar.md, August 2026; portal script
im/install/js/im/v2/lib/sidebar/dist/sidebar.bundle.js, seen in November 2026.
"""

import json

import pytest
import requests

from tests.emulator.client import BOT, MEI, OPTIONS, PRIYA, TOMAS, Client


def shown(client: Client, dialog: str, viewer: int = PRIYA) -> bool:
    """Whether the messenger's page of a chat lists our item."""
    page = requests.get(
        f"{client.emulator.portals[client.key].url}/online/",
        params={"as": str(viewer), "dialog": dialog},
        timeout=10,
    )
    assert page.status_code == 200
    return 'class="app" data-app=' in page.text


@pytest.mark.parametrize("dialog", ["chat21", "chat22", "chat24", "chat25", "chat27", str(MEI), str(BOT)])
def test_kinds_of_chats_with_the_item(alpha: Client, dialog: str) -> None:
    alpha.bind()

    assert shown(alpha, dialog)


@pytest.mark.parametrize("dialog", ["chat26", str(PRIYA)])
def test_open_lines_and_notes_to_oneself_have_no_applications(alpha: Client, dialog: str) -> None:
    """The documentation still offers LINES as a context; a bind with it succeeds and shows nothing."""
    assert alpha.bind(OPTIONS=OPTIONS | {"context": "ALL"}).json()["result"] is True

    assert not shown(alpha, dialog)


@pytest.mark.parametrize("message_type", list("NJTBAX"))
def test_kinds_of_recent_years_have_no_applications(alpha: Client, message_type: str) -> None:
    alpha.bind()
    number = alpha.emulator.control.add_chat("alpha", message_type=message_type, members=[PRIYA, MEI])

    assert not shown(alpha, f"chat{number}")


def test_a_chat_with_a_bot_is_no_personal_chat(alpha: Client) -> None:
    alpha.bind(OPTIONS=OPTIONS | {"context": "USER"})

    assert shown(alpha, str(MEI))
    assert not shown(alpha, str(BOT))


def test_role_and_extranet_hide_it_and_guard_nothing(alpha: Client) -> None:
    alpha.bind(OPTIONS=OPTIONS | {"role": "ADMIN"})

    assert not shown(alpha, "chat22")
    assert "url" in alpha.emulator.control.open("alpha", TOMAS, "chat22")


def test_what_the_handler_receives(alpha: Client) -> None:
    alpha.bind()
    fields = alpha.emulator.control.open("alpha", PRIYA, "chat22")["fields"]

    assert set(fields) == {
        "AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE",
        "member_id", "status", "PLACEMENT", "PLACEMENT_OPTIONS",
    }  # fmt: skip
    assert json.loads(fields["PLACEMENT_OPTIONS"]) == {"dialogId": "chat22", "URI": "/online/"}


def test_every_open_has_a_token_of_its_own(alpha: Client) -> None:
    """SOURCE: the portal asks the authorization server for each (portal source, module rest, May 2026)."""
    alpha.bind()
    tokens = {alpha.emulator.control.open("alpha", PRIYA, "chat22")["fields"]["AUTH_ID"] for _ in range(3)}

    assert len(tokens) == 3
