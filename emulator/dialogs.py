"""Dialog ids as one viewer names them, and who may read what (REST docs: im.dialog.get)."""

import re

from emulator.errors import ApiError
from emulator.state import Chat, Portal, User, World

DIALOG_ID = re.compile(r"(\d+)|(chat|sg|crm)(\d+)", re.IGNORECASE | re.ASCII)


def dialog_id_for(chat: Chat, viewer_id: int) -> str:
    """The id under which a viewer sees a chat: in a private chat the other person's user id."""
    if chat.message_type != "P":
        return f"chat{chat.id}"
    others = [member for member in chat.members if member != viewer_id]
    return str(others[0] if others else viewer_id)


def resolve_dialog(world: World, portal: Portal, viewer_id: int, dialog_id: str) -> Chat:
    """The chat a viewer means by a dialog id.

    A private chat with a colleague never written to is created, as Bitrix24 does. Raises `ApiError`:
    400 DIALOG_ID_EMPTY (also a bad format), 400 ACCESS_ERROR (no such chat), 403 ACCESS_ERROR (no access).
    """
    match = DIALOG_ID.fullmatch(dialog_id)
    if not match or not dialog_id.strip("0"):
        raise ApiError(400, "DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    number, kind, suffix = match.groups()
    if number:
        return private_chat(world, portal, viewer_id, int(number))
    chat = _chat_by_alias(portal, kind.lower(), suffix)
    if chat is None:
        raise ApiError(400, "ACCESS_ERROR", "You don't have access to this chat")
    if not may_read(portal, portal.users[viewer_id], chat):
        raise ApiError(403, "ACCESS_ERROR", "You do not have access to the specified dialog")
    return chat


def private_chat(world: World, portal: Portal, viewer_id: int, other_id: int) -> Chat:
    """The private chat of two people (or one with oneself); errors as `resolve_dialog`."""
    viewer, other = portal.users[viewer_id], portal.users.get(other_id)
    if other is None:
        raise ApiError(400, "ACCESS_ERROR", "You don't have access to this chat")
    members = sorted({viewer_id, other_id})
    for chat in portal.chats.values():
        if chat.message_type == "P" and sorted(chat.members) == members:
            return chat
    if "extranet" in (viewer.kind, other.kind) and not _share_a_group(portal, viewer_id, other_id):
        raise ApiError(403, "ACCESS_ERROR", "You do not have access to the specified dialog")
    chat = Chat(
        id=portal.next_id(),
        message_type="P",
        title="",
        members=members,
        created_at=world.clock.now(),
    )
    portal.chats[chat.id] = chat
    return chat


def may_read(portal: Portal, viewer: User, chat: Chat) -> bool:
    """Members always; open chats and channels any colleague; lines and chats of tasks whoever may join."""
    if viewer.id in chat.members:
        return True
    if chat.message_type in {"O", "J"}:
        return viewer.kind == "employee"
    return chat.message_type in {"L", "X"} and viewer.id in chat.may_join


def chats_of(portal: Portal, viewer_id: int) -> list[Chat]:
    """The chats in a viewer's list, latest talk first."""
    mine = [chat for chat in portal.chats.values() if viewer_id in chat.members]
    return sorted(mine, key=lambda chat: chat.messages[-1].at if chat.messages else 0.0, reverse=True)


def title_for(portal: Portal, chat: Chat, viewer_id: int) -> str:
    """The name a viewer reads above a chat: of a private chat the other person's."""
    if chat.message_type != "P":
        return chat.title
    other = portal.users.get(int(dialog_id_for(chat, viewer_id)))
    return other.full_name if other else chat.title


def _chat_by_alias(portal: Portal, kind: str, suffix: str) -> Chat | None:
    """`crmNNN` has the right form and finds nothing: only `crm|TYPE|id` is looked up, which the form excludes
    (portal source, module im, May 2026)."""
    number = str(int(suffix))
    if kind == "chat":
        return portal.chats.get(int(suffix))
    groups = (chat for chat in portal.chats.values() if chat.entity_type == "SONET_GROUP")
    return next((chat for chat in groups if kind == "sg" and chat.entity_id == number), None)


def _share_a_group(portal: Portal, first: int, second: int) -> bool:
    return any(
        chat.entity_type == "SONET_GROUP" and {first, second} <= set(chat.members)
        for chat in portal.chats.values()
    )
