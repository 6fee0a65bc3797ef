"""How people and talk look: names, initials, bubbles, rows of the chat list."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from markupsafe import Markup

from emulator.dialogs import chats_of, dialog_id_for, may_read, title_for
from emulator.messenger.markup import to_html, to_plain
from emulator.state import Chat, Message, Portal, User

# Messages of one author within five minutes share an avatar.
GROUP_SECONDS: Final = 300
# A visitor of an open line has no user on the portal: the connector writes for them.
VISITOR_PREFIX: Final = "Visitor: "
KIND_ICONS: Final = {"lines": "headset", "crm": "briefcase", "sonetGroup": "folder", "open": "globe"}


@dataclass(frozen=True)
class Face:
    """An avatar: two initials on a colour; `square` for chats, round for people."""

    initials: str
    color: str
    square: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the chat list."""

    dialog_id: str
    title: str
    face: Face
    icon: str
    preview: str
    preview_author: str
    when: str


@dataclass(frozen=True)
class Bubble:
    """One message; `first` and `last` of a run by one author, `day` set when a new day begins."""

    id: int
    author: str
    position: str
    face: Face
    html: Markup
    time: str
    day: str
    mine: bool
    system: bool
    first: bool
    last: bool


def initials(name: str) -> str:
    """Up to two upper-case letters."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def face_of(user: User) -> Face:
    return Face(initials(user.full_name), user.color)


def face_of_chat(portal: Portal, chat: Chat, viewer_id: int) -> Face:
    """A private chat wears the other person's face."""
    if chat.message_type == "P":
        other = portal.users.get(int(dialog_id_for(chat, viewer_id)))
        if other:
            return face_of(other)
    return Face(initials(chat.title), chat.color, square=True)


def role_badge(user: User) -> tuple[str, str]:
    """Label and tone of the badge that says what a person is on the portal."""
    if user.kind == "employee":
        return ("Administrator", "blue") if user.admin else ("Employee", "green")
    return {"extranet": ("Extranet", "orange"), "dismissed": ("Dismissed", "red")}.get(user.kind, ("Bot", ""))


def members_line(chat: Chat, portal: Portal, viewer_id: int) -> str:
    """The grey line under a talk's title."""
    if chat.message_type == "P":
        other = portal.users.get(int(dialog_id_for(chat, viewer_id)))
        return (other.position if other else "") or "Private chat"
    kind = {"O": "Open chat", "L": "Open channel"}.get(chat.message_type, "")
    count = f"{len(chat.members)} member{'' if len(chat.members) == 1 else 's'}"
    return f"{kind} · {count}" if kind else count


def rows_for(portal: Portal, viewer: User, now: float) -> tuple[list[Row], list[Row]]:
    """The viewer's chats, and the open ones they may read without taking part."""
    mine = [_row(portal, chat, viewer.id, now) for chat in chats_of(portal, viewer.id)]
    open_chats = [
        _row(portal, chat, viewer.id, now)
        for chat in portal.chats.values()
        if viewer.id not in chat.members and may_read(portal, viewer, chat)
    ]
    return mine, open_chats


def bubbles_for(portal: Portal, chat: Chat, viewer_id: int, now: float) -> list[Bubble]:
    """The talk, oldest first."""
    padded: list[Message | None] = [None, *chat.messages, None]
    return [
        _bubble(portal, message, before, following, viewer_id=viewer_id, now=now)
        for before, message, following in zip(padded, chat.messages, padded[2:], strict=False)
    ]


def _bubble(
    portal: Portal,
    message: Message,
    before: Message | None,
    following: Message | None,
    *,
    viewer_id: int,
    now: float,
) -> Bubble:
    author = portal.users.get(message.author_id)
    visitor = author is None and message.text.startswith(VISITOR_PREFIX)
    new_day = before is None or _local(before.at).date() != _local(message.at).date()
    return Bubble(
        id=message.id,
        author=author.full_name if author else "Visitor",
        position=author.position if author else "Website",
        face=face_of(author) if author else Face("V", "#90a4ae"),
        html=to_html(message.text.removeprefix(VISITOR_PREFIX) if visitor else message.text),
        time=f"{_local(message.at):%H:%M}",
        day=_day(message.at, now) if new_day else "",
        mine=message.author_id == viewer_id,
        system=author is None and not visitor,
        first=new_day or not _same_run(before, message),
        last=not _same_run(message, following),
    )


def _same_run(first: Message | None, second: Message | None) -> bool:
    return (
        first is not None
        and second is not None
        and first.author_id == second.author_id
        and second.at - first.at < GROUP_SECONDS
    )


def _row(portal: Portal, chat: Chat, viewer_id: int, now: float) -> Row:
    last = chat.messages[-1] if chat.messages else None
    author = portal.users.get(last.author_id) if last else None
    by = ""
    if last and last.author_id == viewer_id:
        by = "You"
    elif author and chat.message_type != "P":
        by = author.name
    return Row(
        dialog_id=dialog_id_for(chat, viewer_id),
        title=title_for(portal, chat, viewer_id),
        face=face_of_chat(portal, chat, viewer_id),
        icon=KIND_ICONS.get(chat.type, ""),
        preview=to_plain(last.text) if last else "No messages yet",
        preview_author=by,
        when=_when(last.at, now) if last else "",
    )


def _local(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone()


def _when(seconds: float, now: float) -> str:
    then, today = _local(seconds), _local(now).date()
    if then.date() == today:
        return f"{then:%H:%M}"
    if (today - then.date()).days < 7:
        return f"{then:%a}"
    return f"{then:%b} {then.day}"


def _day(seconds: float, now: float) -> str:
    then, today = _local(seconds).date(), _local(now).date()
    if then == today:
        return "Today"
    if then == today - timedelta(days=1):
        return "Yesterday"
    return f"{then:%A}, {then:%B} {then.day}"
