"""One chat as the messenger shows it: the head, the sidebar's blocks, the applications in it."""

from dataclasses import dataclass

from emulator.dialogs import dialog_id_for, resolve_dialog, title_for
from emulator.messenger.desk import Desk
from emulator.messenger.icons import color_for, drawing_for
from emulator.messenger.people import Bubble, Face, bubbles_for, face_of, face_of_chat, members_line
from emulator.opening import binding_title, visible_widgets
from emulator.state import Chat, Portal


@dataclass(frozen=True)
class Member:
    """A line of the members block; `badge` is "" for an ordinary member."""

    name: str
    position: str
    face: Face
    badge: str


@dataclass(frozen=True)
class File:
    """A line of the files block."""

    name: str
    extension: str
    about: str


@dataclass(frozen=True)
class App:
    """A widget in the Applications block."""

    client_id: str
    handler: str
    title: str
    drawing: str
    color: str


@dataclass(frozen=True)
class Talk:
    """Everything about the open chat."""

    dialog_id: str
    title: str
    face: Face
    about: str
    description: str
    may_write: bool
    members: list[Member]
    files: list[File]
    apps: list[App]
    bubbles: list[Bubble]


def talk_for(desk: Desk, dialog_id: str) -> Talk:
    """The chat a viewer opens. Raises `ApiError` as `resolve_dialog` does."""
    portal, viewer = desk.portal, desk.viewer
    chat = resolve_dialog(desk.world, portal, viewer.id, dialog_id)
    return Talk(
        dialog_id=dialog_id_for(chat, viewer.id),
        title=title_for(portal, chat, viewer.id),
        face=face_of_chat(portal, chat, viewer.id),
        about=members_line(chat, portal, viewer.id),
        description=chat.description,
        may_write=viewer.id in chat.members,
        members=_members(portal, chat),
        files=_files(portal, chat),
        apps=_apps(desk, chat),
        bubbles=bubbles_for(portal, chat, viewer.id, desk.world.clock.now()),
    )


def _members(portal: Portal, chat: Chat) -> list[Member]:
    order = {"owner": 0, "manager": 1}
    people = [portal.users[number] for number in chat.members if number in portal.users]
    people.sort(key=lambda user: (order.get(chat.role_of(user.id), 2), user.full_name))
    return [
        Member(
            name=user.full_name,
            position=user.position,
            face=face_of(user),
            badge={"owner": "Owner", "manager": "Manager"}.get(chat.role_of(user.id), ""),
        )
        for user in people
    ]


def _files(portal: Portal, chat: Chat) -> list[File]:
    if not chat.disk_folder_id:
        return []
    items = [item for item in portal.disk.values() if item.parent_id == chat.disk_folder_id]
    return [
        File(
            name=item.name,
            extension=item.name.rpartition(".")[2][:4].upper() if "." in item.name else "",
            about=_about_file(portal, item.size, item.created_by),
        )
        for item in sorted(items, key=lambda item: item.created_at, reverse=True)
        if item.type == "file"
    ]


def _about_file(portal: Portal, size: int, author_id: int) -> str:
    author = portal.users.get(author_id)
    kilobytes = size / 1024
    amount = f"{kilobytes / 1024:.1f} MB" if kilobytes >= 1024 else f"{max(1, round(kilobytes))} KB"
    return f"{amount} · {author.full_name}" if author else amount


def _apps(desk: Desk, chat: Chat) -> list[App]:
    applications = desk.world.applications
    return [
        App(
            client_id=installation.client_id,
            handler=binding.handler,
            title=binding_title(binding, desk.portal, desk.language)
            or applications[installation.client_id].title,
            drawing=drawing_for(binding.options.get("iconName", "")),
            color=color_for(binding.options.get("color", ""), binding.id),
        )
        for installation, binding in visible_widgets(desk.portal, desk.viewer, chat)
    ]
