"""im.*: a chat and what is said in it (REST docs: im.dialog.get, im.chat.get, im.message.add)."""

from typing import Any

from emulator.clock import iso
from emulator.dialogs import may_read, resolve_dialog, title_for
from emulator.errors import ApiError
from emulator.rest.registry import Call, method
from emulator.state import Chat, DiskItem, Message, User

RESTRICTIONS = (
    "avatar",
    "rename",
    "extend",
    "call",
    "mute",
    "leave",
    "leave_owner",
    "send",
    "user_list",
)
ALWAYS_ZERO = ("parent_chat_id", "parent_message_id", "counter", "unread_id", "marked_id")
MANAGED = ("manage_users_add", "manage_users_delete", "manage_ui", "manage_settings", "manage_messages")
NEW_FIELDS = frozenset(
    {"parent_chat_id", "parent_message_id", "text_field_enabled", "background_id", "permissions", "is_new"}
)
MAX_ATTACH = 60_000


def dialog_of(call: Call) -> Chat:
    """The chat DIALOG_ID names for the caller; errors of `resolve_dialog`."""
    return resolve_dialog(call.world, call.portal, call.user.id, call.params.text("DIALOG_ID"))


@method("im.dialog.get", "im")
def dialog_get(call: Call) -> dict[str, Any]:
    """A chat under its canonical number, for whoever may read it. Old portals know fewer fields."""
    fields = _dialog_fields(call, dialog_of(call))
    if call.portal.generation == "old":
        return {name: value for name, value in fields.items() if name not in NEW_FIELDS}
    return fields


def _dialog_fields(call: Call, chat: Chat) -> dict[str, Any]:
    last_id = chat.messages[-1].id if chat.messages else 0
    members = [call.portal.users[member] for member in chat.members]
    return {
        "id": chat.id,
        **dict.fromkeys(ALWAYS_ZERO, 0),
        "name": title_for(call.portal, chat, call.user.id),
        "description": chat.description,
        "owner": chat.owner,
        "extranet": any(user.kind == "extranet" for user in members),
        "avatar": "",
        "color": chat.color,
        "type": chat.type,
        "user_counter": len(chat.members),
        "message_count": len(chat.messages),
        "restrictions": dict.fromkeys(RESTRICTIONS, True) | {"path": "", "path_title": ""},
        "last_message_id": last_id,
        "last_id": last_id,
        "disk_folder_id": chat.disk_folder_id,
        "entity_type": chat.entity_type,
        "entity_id": chat.entity_id,
        **dict.fromkeys(("entity_data_1", "entity_data_2", "entity_data_3"), ""),
        "mute_list": [],
        "date_create": iso(chat.created_at),
        "message_type": chat.message_type,
        "public": "",
        "role": chat.role_of(call.user.id),
        "entity_link": _entity_link(chat),
        "text_field_enabled": True,
        "background_id": None,
        "permissions": dict.fromkeys(MANAGED, "manager") | {"can_post": "member"},
        "is_new": False,
        "readed_list": _readers(call, members, last_id),
        "manager_list": [chat.owner, *chat.managers] if chat.owner else chat.managers,
        "last_message_views": {"message_id": last_id, "first_viewers": [], "count_of_viewers": 0},
        "dialog_id": call.params.text("DIALOG_ID"),
    }


def _readers(call: Call, members: list[User], last_id: int) -> list[dict[str, Any]]:
    """One entry for everybody else, however many they are."""
    now = iso(call.world.clock.now())
    return [
        {
            "user_id": user.id,
            "user_name": user.full_name,
            "message_id": last_id if user.online else 0,
            "date": now if user.online and last_id else None,
        }
        for user in members
        if user.id != call.user.id
    ]


@method("im.chat.get", "im")
def chat_get(call: Call) -> dict[str, int] | None:
    """The number of the chat of an entity; no access check."""
    wanted = (call.params.text("ENTITY_TYPE"), call.params.text("ENTITY_ID"))
    for chat in call.portal.chats.values():
        if chat.entity_type and (chat.entity_type, chat.entity_id) == wanted:
            return {"ID": chat.id}
    return None


@method("im.message.add", "im")
def message_add(call: Call) -> int:
    """Write into a chat as the caller; SYSTEM=Y writes in the application's name."""
    text = call.params.text("MESSAGE")
    attach = str(call.params.get("ATTACH") or "")
    if not text and not attach:
        raise ApiError(400, "MESSAGE_EMPTY", "Message can't be empty")
    if len(attach) > MAX_ATTACH:
        raise ApiError(400, "ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
    chat = dialog_of(call)
    if call.user.id not in chat.members:
        raise ApiError(403, "ACCESS_ERROR", "Action unavailable")
    _check_reply(call, chat)
    system = call.params.flag("SYSTEM") and chat.message_type != "P"
    if system:
        text = f"[b]{call.caller.application.title}[/b]\n{text}"
    message = Message(
        call.portal.next_id(), 0 if system else call.user.id, text or attach, call.world.clock.now()
    )
    chat.messages.append(message)
    return message.id


@method("im.disk.folder.get", "im")
def disk_folder_get(call: Call) -> dict[str, int]:
    """The folder of a chat's files; it is made on first use."""
    chat = _chat_with_files(call)
    if not chat.disk_folder_id:
        folder = DiskItem(
            call.portal.next_id(), f"chat{chat.id}", "folder", created_at=call.world.clock.now()
        )
        call.portal.disk[folder.id] = folder
        chat.disk_folder_id = folder.id
    return {"ID": chat.disk_folder_id}


def _chat_with_files(call: Call) -> Chat:
    if call.params.text("DIALOG_ID"):
        return dialog_of(call)
    if "DIALOG_ID" in call.params and "CHAT_ID" not in call.params:
        raise ApiError(400, "DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    chat_id = call.params.integer("CHAT_ID")
    if chat_id <= 0:
        raise ApiError(400, "CHAT_ID_EMPTY", "Chat ID can't be empty")
    chat = call.portal.chats.get(chat_id)
    if chat is None or not may_read(call.portal, call.user, chat):
        raise ApiError(403, "ACCESS_ERROR", "You do not have access to the specified dialog")
    return chat


def _check_reply(call: Call, chat: Chat) -> None:
    reply_id = call.params.integer("REPLY_ID")
    if not reply_id or any(message.id == reply_id for message in chat.messages):
        return
    elsewhere = any(
        message.id == reply_id for other in call.portal.chats.values() for message in other.messages
    )
    if elsewhere:
        raise ApiError(
            403, "REPLY_FROM_OTHER_CHAT_ERROR", "You can only reply to a message from the same chat"
        )
    raise ApiError(403, "REPLY_ACCESS_ERROR", "Action unavailable")


def _entity_link(chat: Chat) -> dict[str, str]:
    if chat.entity_type == "CRM":
        kind, _, number = chat.entity_id.partition("|")
        return {"type": kind, "url": f"/crm/{kind.lower()}/details/{number}/", "id": chat.entity_id}
    if chat.entity_type == "SONET_GROUP":
        return {
            "type": "SONET_GROUP",
            "url": f"/workgroups/group/{chat.entity_id}/",
            "id": chat.entity_id,
        }
    return {"type": "", "url": "", "id": ""}
