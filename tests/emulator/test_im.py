"""Chats, people and files: who may read what, under which id."""

import pytest
import requests

from tests.emulator.client import (
    BOT,
    HELENA,
    JONAS,
    LUCIA,
    MEI,
    OMAR,
    PAVEL,
    PRIYA,
    TOMAS,
    Client,
)

DIALOG_FIELDS = {
    "id", "parent_chat_id", "parent_message_id", "name", "description", "owner", "extranet", "avatar",
    "color", "type", "counter", "user_counter", "message_count", "unread_id", "restrictions",
    "last_message_id", "last_id", "marked_id", "disk_folder_id", "entity_type", "entity_id", "entity_data_1",
    "entity_data_2", "entity_data_3", "mute_list", "date_create", "message_type", "public", "role",
    "entity_link", "text_field_enabled", "background_id", "permissions", "is_new", "readed_list",
    "manager_list", "last_message_views", "dialog_id",
}  # fmt: skip


def test_a_private_dialog_is_named_after_the_other_side(alpha: Client) -> None:
    priya = alpha.result("im.dialog.get", PRIYA, DIALOG_ID=str(MEI))
    mei = alpha.result("im.dialog.get", MEI, DIALOG_ID=str(PRIYA))
    tomas = alpha.result("im.dialog.get", TOMAS, DIALOG_ID=str(MEI))

    assert set(priya) == DIALOG_FIELDS
    assert priya["id"] == mei["id"] != tomas["id"]
    assert (priya["dialog_id"], mei["dialog_id"]) == ("7", "3")
    assert (priya["name"], mei["name"]) == ("Mei Tanaka", "Priya Nair")
    assert (priya["type"], priya["message_type"], priya["role"]) == ("private", "P", "member")


def test_an_older_portal_knows_fewer_fields(beta: Client) -> None:
    chat = beta.result("im.dialog.get", 2, DIALOG_ID="chat22")

    assert set(chat) < DIALOG_FIELDS
    assert "permissions" not in chat
    assert (chat["id"], chat["role"], chat["name"]) == (22, "manager", "Petit Jardin rebrand")


@pytest.mark.parametrize(
    ("dialog", "kind", "message_type", "entity"),
    [
        ("chat22", "chat", "C", ""),
        ("chat24", "open", "O", ""),
        ("chat25", "crm", "C", "DEAL|15"),
        ("chat26", "lines", "L", "site|1"),
        ("SG5", "sonetGroup", "C", "5"),
    ],
)
def test_kinds_of_chats(alpha: Client, dialog: str, kind: str, message_type: str, entity: str) -> None:
    chat = alpha.result("im.dialog.get", PRIYA, DIALOG_ID=dialog)

    assert (chat["type"], chat["message_type"], chat["entity_id"]) == (kind, message_type, entity)
    assert chat["dialog_id"] == dialog


@pytest.mark.parametrize(
    ("user", "dialog", "role"),
    [
        (PRIYA, "chat22", "owner"),
        (HELENA, "chat22", "manager"),
        (MEI, "chat22", "member"),
        (TOMAS, "chat24", "guest"),
        (LUCIA, "chat26", "guest"),
        (PAVEL, "sg5", "member"),
    ],
)
def test_roles(alpha: Client, user: int, dialog: str, role: str) -> None:
    assert alpha.result("im.dialog.get", user, DIALOG_ID=dialog)["role"] == role


@pytest.mark.parametrize(
    ("user", "dialog", "status", "code"),
    [
        (PRIYA, "", 400, "DIALOG_ID_EMPTY"),
        (PRIYA, "chat", 400, "DIALOG_ID_EMPTY"),
        (PRIYA, "22; drop", 400, "DIALOG_ID_EMPTY"),
        (PRIYA, "chat999", 400, "ACCESS_ERROR"),
        (PRIYA, "999", 400, "ACCESS_ERROR"),
        (PRIYA, "sg77", 400, "ACCESS_ERROR"),
        (PRIYA, "chat23", 403, "ACCESS_ERROR"),
        (HELENA, "chat23", 403, "ACCESS_ERROR"),
        (OMAR, "chat28", 403, "ACCESS_ERROR"),
        (PAVEL, "chat24", 403, "ACCESS_ERROR"),
        (PAVEL, "chat26", 403, "ACCESS_ERROR"),
        (TOMAS, "chat26", 403, "ACCESS_ERROR"),
        (PAVEL, str(LUCIA), 403, "ACCESS_ERROR"),
    ],
)
def test_closed_doors(alpha: Client, user: int, dialog: str, status: int, code: str) -> None:
    assert alpha.error("im.dialog.get", user, DIALOG_ID=dialog) == (status, code)


def test_looking_up_a_stranger_creates_the_private_chat(alpha: Client) -> None:
    jonas = alpha.result("im.dialog.get", JONAS, DIALOG_ID=str(LUCIA))
    lucia = alpha.result("im.dialog.get", LUCIA, DIALOG_ID=str(JONAS))
    notes_to_self = alpha.result("im.dialog.get", JONAS, DIALOG_ID=str(JONAS))
    in_a_group = alpha.result("im.dialog.get", PAVEL, DIALOG_ID=str(JONAS))

    assert jonas["id"] == lucia["id"]
    assert (jonas["message_count"], jonas["user_counter"]) == (0, 2)
    assert notes_to_self["user_counter"] == 1
    assert len({jonas["id"], notes_to_self["id"], in_a_group["id"]}) == 3


def test_members_come_and_go(alpha: Client) -> None:
    alpha.emulator.control.members("alpha", 22, remove=[MEI], add=[JONAS])

    assert alpha.error("im.dialog.get", MEI, DIALOG_ID="chat22") == (403, "ACCESS_ERROR")
    assert alpha.result("im.dialog.get", JONAS, DIALOG_ID="chat22")["role"] == "member"


def test_the_user_list_is_paged(alpha: Client) -> None:
    first = alpha.call("im.dialog.users.list", DIALOG_ID="chat21", LIMIT=3).json()
    last = alpha.call("im.dialog.users.list", DIALOG_ID="chat21", LIMIT=3, OFFSET=6).json()
    by_id = alpha.call("im.dialog.users.list", DIALOG_ID="chat21", LAST_ID=5).json()

    assert [user["id"] for user in first["result"]] == [1, 2, 3]
    assert (first["total"], first["next"]) == (7, 3)
    assert ("next" in last, len(last["result"])) == (False, 1)
    assert [user["id"] for user in by_id["result"]] == [6, 7]
    assert "total" not in by_id
    assert {type(user["id"]) for user in first["result"]} == {int}


def test_bots_can_be_left_out(alpha: Client) -> None:
    params = {"DIALOG_ID": str(BOT), "SKIP_EXTERNAL": "Y"}
    everyone = alpha.result("im.dialog.users.list", PRIYA, DIALOG_ID=str(BOT))

    assert [user["bot"] for user in everyone] == [False, True]
    assert [user["id"] for user in alpha.result("im.dialog.users.list", PRIYA, **params)] == [PRIYA]
    kept = alpha.result("im.dialog.users.list", PRIYA, **params, SKIP_EXTERNAL_EXCEPT_TYPES="bot, email")
    assert len(kept) == 2


def test_chat_user_list_is_empty_for_outsiders(alpha: Client) -> None:
    assert alpha.result("im.chat.user.list", PRIYA, CHAT_ID=22) == [1, 3, 4, 7]
    assert alpha.result("im.chat.user.list", PRIYA, CHAT_ID=23) == []
    assert alpha.error("im.chat.user.list", PRIYA) == (400, "CHAT_ID_EMPTY")
    assert alpha.error("im.chat.user.list", PRIYA, CHAT_ID=999) == (403, "ACCESS_ERROR")


def test_chat_of_an_entity(alpha: Client) -> None:
    assert alpha.result("im.chat.get", JONAS, ENTITY_TYPE="CRM", ENTITY_ID="DEAL|15") == {"ID": 25}
    assert alpha.result("im.chat.get", ENTITY_TYPE="CRM", ENTITY_ID="DEAL|16") is None


def test_messages(alpha: Client) -> None:
    before = alpha.result("im.dialog.get", PRIYA, DIALOG_ID="chat22")["message_count"]
    number = alpha.result("im.message.add", PRIYA, DIALOG_ID="chat22", MESSAGE="Hello")
    after = alpha.result("im.dialog.get", PRIYA, DIALOG_ID="chat22")

    assert (after["message_count"], after["last_message_id"]) == (before + 1, number)
    assert alpha.result("im.message.add", PRIYA, DIALOG_ID="7", MESSAGE="Hi", REPLY_ID=0)
    assert alpha.error("im.message.add", PRIYA, DIALOG_ID="chat22") == (400, "MESSAGE_EMPTY")
    assert alpha.error("im.message.add", TOMAS, DIALOG_ID="chat24", MESSAGE="x") == (403, "ACCESS_ERROR")
    refused = alpha.error("im.message.add", PRIYA, DIALOG_ID="chat24", MESSAGE="x", REPLY_ID=number)
    assert refused == (403, "REPLY_FROM_OTHER_CHAT_ERROR")


def test_files_of_a_chat(alpha: Client) -> None:
    folder = alpha.result("im.disk.folder.get", PRIYA, CHAT_ID=22)["ID"]
    page = alpha.call("disk.folder.getchildren", PRIYA, id=folder).json()
    one = alpha.result("disk.file.get", PRIYA, id=page["result"][0]["ID"])
    content = requests.get(one["DOWNLOAD_URL"], timeout=10)

    assert [item["NAME"] for item in page["result"]] == ["Stand plan B17.txt", "Loading list.txt"]
    assert page["total"] == 2
    assert one == page["result"][0]
    assert one["SIZE"] == str(len(content.content))
    assert alpha.result("im.disk.folder.get", PRIYA, DIALOG_ID="chat22")["ID"] == folder
    assert alpha.result("disk.folder.getchildren", JONAS, id=folder) == []
    assert alpha.error("disk.file.get", JONAS, id=one["ID"]) == (400, "ACCESS_DENIED")
    alpha.emulator.control.advance(3601)
    assert requests.get(one["DOWNLOAD_URL"], timeout=10).status_code == 401


def test_file_errors(alpha: Client) -> None:
    assert alpha.error("disk.file.get", id="x") == (400, "ERROR_ARGUMENT")
    assert alpha.error("disk.file.get", id=999999) == (400, "ERROR_NOT_FOUND")
    assert alpha.error("im.disk.folder.get", PRIYA) == (400, "CHAT_ID_EMPTY")
    assert alpha.error("im.disk.folder.get", PRIYA, DIALOG_ID="") == (400, "DIALOG_ID_EMPTY")
    assert alpha.error("im.disk.folder.get", PRIYA, CHAT_ID=23) == (403, "ACCESS_ERROR")
    made = alpha.result("im.disk.folder.get", PRIYA, DIALOG_ID="7")["ID"]
    assert alpha.result("im.dialog.get", PRIYA, DIALOG_ID="7")["disk_folder_id"] == made


def test_long_folders_are_paged_by_fifty(alpha: Client) -> None:
    for number in range(53):
        alpha.emulator.control.add_user("alpha", name=f"Person {number}")
    first = alpha.call("user.get", sort="ID", order="ASC").json()
    last = alpha.call("user.get", start=50).json()

    assert (len(first["result"]), first["next"]) == (50, 50)
    assert (len(last["result"]), first["total"]) == (last["total"] - 50, 62)
    assert "next" not in last
    assert "total" in alpha.call("user.get", start=-1).json()


def test_profile_and_people(alpha: Client) -> None:
    assert alpha.result("profile", PRIYA)["ADMIN"] is False
    assert alpha.result("user.admin", HELENA) is True
    current = alpha.result("user.current", PRIYA)
    assert (current["ID"], current["ACTIVE"]) == ("3", True)
    assert "EMAIL" not in current
    assert [user["ID"] for user in alpha.result("user.get", filter={"ACTIVE": False})] == ["9"]
    assert [user["ID"] for user in alpha.result("user.get", ID=[3, 7])] == ["3", "7"]
