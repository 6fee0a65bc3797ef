"""`im.chat.user.list` and `im.dialog.users.list`.

SOURCE: b24restdocs api-reference/chats/chat-users/im-chat-user-list.md and im-dialog-users-list.md, August 2026;
portal source im/classes/general/im_rest.php (chatUserList), May 2026.
"""

from tests.emulator.client import HELENA, JONAS, LUCIA, MEI, PRIYA, RUTH, Client

GENERAL = 21


def test_the_general_chat_names_its_members_to_nobody(alpha: Client) -> None:
    assert alpha.error("im.chat.user.list", HELENA, CHAT_ID=GENERAL) == (403, "ACCESS_ERROR")
    assert alpha.error("im.chat.user.list", PRIYA, CHAT_ID=GENERAL) == (403, "ACCESS_ERROR")


def test_its_people_are_learnt_page_by_page(alpha: Client) -> None:
    people = alpha.result("im.dialog.users.list", PRIYA, DIALOG_ID=f"chat{GENERAL}")

    assert {person["id"] for person in people} == {1, 2, 3, 4, 5, 6, 7}


def test_nobody_without_access_learns_members(alpha: Client) -> None:
    assert alpha.result("im.chat.user.list", PRIYA, CHAT_ID=23) == []


def test_people_come_in_the_order_of_their_joining(alpha: Client) -> None:
    number = alpha.emulator.control.add_chat("alpha", members=[MEI, PRIYA, LUCIA])
    alpha.emulator.control.members("alpha", number, add=[HELENA])
    people = alpha.result("im.dialog.users.list", PRIYA, DIALOG_ID=f"chat{number}")

    assert [person["id"] for person in people] == [MEI, PRIYA, LUCIA, HELENA]


def test_the_dismissed_are_left_out_after_the_page_was_cut(alpha: Client) -> None:
    """So a page may be shorter than LIMIT and is not the last one for it."""
    number = alpha.emulator.control.add_chat("alpha", members=[PRIYA, RUTH, MEI, JONAS])
    page = alpha.call("im.dialog.users.list", PRIYA, DIALOG_ID=f"chat{number}", LIMIT=2).json()

    assert [person["id"] for person in page["result"]] == [PRIYA]
    assert page["next"] == 2


def test_a_page_has_fifty_people_and_two_hundred_at_most(alpha: Client) -> None:
    crowd = alpha.emulator.control.add_crowd("alpha", 450)
    number = alpha.emulator.control.add_chat("alpha", members=[PRIYA, *crowd])
    dialog = {"DIALOG_ID": f"chat{number}"}

    assert len(alpha.result("im.dialog.users.list", PRIYA, **dialog)) == 50
    assert len(alpha.result("im.dialog.users.list", PRIYA, **dialog, LIMIT=1000)) == 200
