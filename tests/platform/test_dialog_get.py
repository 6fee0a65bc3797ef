"""`im.dialog.get`.

SOURCE: b24restdocs api-reference/chats/im-dialog-get.md, August 2026; portal source im/lib/chat.php, May 2026.
"""

import pytest

from tests.emulator.client import HELENA, MEI, OMAR, PAVEL, PRIYA, TOMAS, Client

READER = {"user_id", "user_name", "message_id", "date"}


def test_the_number_of_a_private_chat_is_the_same_for_both_sides(alpha: Client) -> None:
    one = alpha.result("im.dialog.get", PRIYA, DIALOG_ID=str(MEI))
    other = alpha.result("im.dialog.get", MEI, DIALOG_ID=str(PRIYA))

    assert one["id"] == other["id"]
    assert (one["message_type"], one["role"]) == ("P", "member")


def test_a_stranger_to_a_private_chat_is_refused_by_its_number_too(alpha: Client) -> None:
    number = alpha.result("im.dialog.get", PRIYA, DIALOG_ID=str(MEI))["id"]

    assert alpha.error("im.dialog.get", OMAR, DIALOG_ID=f"chat{number}") == (403, "ACCESS_ERROR")


def test_who_has_access_without_being_a_member_is_a_guest(alpha: Client) -> None:
    assert alpha.result("im.dialog.get", TOMAS, DIALOG_ID="chat24")["role"] == "guest"


def test_the_link_of_a_chat_of_a_deal(alpha: Client) -> None:
    link = alpha.result("im.dialog.get", PRIYA, DIALOG_ID="chat25")["entity_link"]

    assert link == {"type": "DEAL", "url": "/crm/deal/details/15/", "id": "DEAL|15"}


def test_a_number_with_crm_before_it_finds_nothing(alpha: Client) -> None:
    assert alpha.error("im.dialog.get", PRIYA, DIALOG_ID="crm15") == (400, "ACCESS_ERROR")


@pytest.mark.parametrize(
    ("message_type", "kind"),
    [("N", "channel"), ("J", "openChannel"), ("T", "comment"), ("B", "collab"), ("A", "copilot"),
     ("X", "external")],
)  # fmt: skip
def test_kinds_of_chats_of_recent_years(alpha: Client, message_type: str, kind: str) -> None:
    number = alpha.emulator.control.add_chat("alpha", message_type=message_type, members=[PRIYA, MEI])
    chat = alpha.result("im.dialog.get", PRIYA, DIALOG_ID=f"chat{number}")

    assert (chat["message_type"], chat["type"]) == (message_type, kind)


def test_the_chat_of_a_task_is_open_to_who_may_see_the_task(alpha: Client) -> None:
    number = alpha.emulator.control.add_chat("alpha", message_type="X", members=[PRIYA], may_join=[TOMAS])

    assert alpha.result("im.dialog.get", TOMAS, DIALOG_ID=f"chat{number}")["role"] == "guest"
    assert alpha.error("im.dialog.get", HELENA, DIALOG_ID=f"chat{number}") == (403, "ACCESS_ERROR")


def test_an_open_channel_is_closed_to_external_people(alpha: Client) -> None:
    number = alpha.emulator.control.add_chat("alpha", message_type="J", members=[PRIYA])

    assert alpha.result("im.dialog.get", MEI, DIALOG_ID=f"chat{number}")["role"] == "guest"
    assert alpha.error("im.dialog.get", PAVEL, DIALOG_ID=f"chat{number}") == (403, "ACCESS_ERROR")


def test_the_answer_grows_with_the_members(alpha: Client) -> None:
    """Every other member is in `readed_list`, with 100 to 260 bytes: a chat of the whole company is megabytes."""
    crowd = alpha.emulator.control.add_crowd("alpha", 20_000)
    number = alpha.emulator.control.add_chat("alpha", members=[PRIYA, *crowd])
    alpha.result("im.message.add", PRIYA, DIALOG_ID=f"chat{number}", MESSAGE="Good morning, everybody")
    answer = alpha.call("im.dialog.get", PRIYA, DIALOG_ID=f"chat{number}")
    readers = answer.json()["result"]["readed_list"]

    assert len(readers) == 20_000
    assert set(readers[0]) == READER
    assert 100 <= len(answer.content) / len(readers) <= 260
