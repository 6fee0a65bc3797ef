"""im.*: who is in a chat (REST docs: im.dialog.users.list, im.chat.user.list)."""

from typing import Any

from emulator.clock import iso
from emulator.dialogs import may_read
from emulator.errors import ApiError
from emulator.params import as_map, as_text
from emulator.rest.im import dialog_of
from emulator.rest.registry import Answer, Call, method
from emulator.state import User

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@method("im.dialog.users.list", "im")
def dialog_users_list(call: Call) -> Answer:
    """Members in the order in which they came, paged by OFFSET or, without a total, by LAST_ID.

    Only active people are in a page, and it is filtered after it was cut: it may be shorter than LIMIT.
    """
    chat = dialog_of(call)
    members = [call.portal.users[member] for member in chat.members]
    limit = min(max(call.params.integer("LIMIT", DEFAULT_LIMIT), 1), MAX_LIMIT)
    if call.params.text("LAST_ID"):
        last = call.params.integer("LAST_ID")
        after = sorted((user for user in members if user.id > last), key=lambda user: user.id)
        return Answer(_page(call, after[:limit]))
    start = max(call.params.integer("OFFSET"), 0)
    end = start + limit
    return Answer(
        _page(call, members[start:end]),
        total=len(members),
        next=end if end < len(members) else None,
    )


def _page(call: Call, people: list[User]) -> list[dict[str, Any]]:
    shown = [user for user in people if user.kind != "dismissed"]
    if call.params.flag("SKIP_EXTERNAL"):
        kept = _texts(call.params.get("SKIP_EXTERNAL_EXCEPT_TYPES"))
        shown = [user for user in shown if user.kind != "bot" or "bot" in kept]
    return [user_item(user) for user in shown]


@method("im.chat.user.list", "im")
def chat_user_list(call: Call) -> list[int]:
    """Ids of members; empty for whoever may not read the chat, and refused to everybody for the general chat."""
    chat_id = call.params.integer("CHAT_ID")
    if chat_id <= 0:
        raise ApiError(400, "CHAT_ID_EMPTY", "Chat ID can't be empty")
    chat = call.portal.chats.get(chat_id)
    if chat is None or chat.entity_type == "GENERAL":
        raise ApiError(403, "ACCESS_ERROR", "You do not have access to the specified dialog")
    return sorted(chat.members) if may_read(call.portal, call.user, chat) else []


@method("im.user.get", "im")
def user_get(call: Call) -> dict[str, Any]:
    """One person, by default the caller (REST docs: im.user.get)."""
    user = call.portal.users.get(call.params.integer("ID", call.user.id))
    if user is None:
        raise ApiError(400, "USER_NOT_EXISTS", "User is not exists")
    return user_item(user)


def user_item(user: User) -> dict[str, Any]:
    """A person as every im.* method shows one; ids are ints here."""
    return {
        "id": user.id,
        "active": user.kind != "dismissed",
        "name": user.full_name,
        "first_name": user.name,
        "last_name": user.last_name,
        "work_position": user.position,
        "color": user.color,
        "avatar": "",
        "avatar_hr": "",
        "gender": user.gender or "M",
        "birthday": "",
        "extranet": user.kind == "extranet",
        "network": False,
        "bot": user.kind == "bot",
        "connector": False,
        "external_auth_id": "bot" if user.kind == "bot" else "default",
        "status": "online" if user.online else "offline",
        "idle": False,
        "last_activity_date": iso(user.last_activity) if user.last_activity else False,
        "mobile_last_date": False,
        "desktop_last_date": False,
        "absent": False,
        "departments": [] if user.kind in {"extranet", "bot"} else [1],
        "phones": False,
        "bot_data": {"code": f"bot{user.id}", "type": "bot"} if user.kind == "bot" else None,
        "type": {"extranet": "extranet", "bot": "bot"}.get(user.kind, "user"),
        "website": "",
        "email": "",
    }


def _texts(value: object) -> set[str]:
    items = as_map(value)
    if items is not None:
        return {as_text(item) for item in items.values()}
    return {part.strip() for part in as_text(value).split(",")}
