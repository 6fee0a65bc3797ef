"""The demo world: two portals, Chat Notebook and a second application whose tokens are foreign to it."""

import copy
from dataclasses import dataclass

from emulator.clock import Clock
from emulator.demo import blue_harbor, northwind
from emulator.demo.script import ChatScript, PortalScript
from emulator.installations import Application, Installation
from emulator.state import Chat, DiskItem, Message, Portal, User, World, new_application_token, new_key
from emulator.switches import BucketSettings

CLIENT_ID = "app.5f0a3c1b9d2e47.10000001"
CLIENT_SECRET = "emulated-secret-of-chat-notebook"
OTHER_CLIENT_ID = "app.aa11bb22cc33dd.20000002"
SCRIPTS = (northwind.SCRIPT, blue_harbor.SCRIPT)
MINUTES_BETWEEN_MESSAGES = 7
CHAT_AGE = 20 * 24 * 3600
FIRST_FREE_ID = 1000


@dataclass(frozen=True)
class SeedSettings:
    """What the command line says about the application under test."""

    app_url: str = "http://127.0.0.1:8000"
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET


def demo_world(settings: SeedSettings, oauth_ports: list[int], portal_ports: list[int]) -> World:
    """A fresh world; portals beyond the scripted two are small empty offices."""
    world = World(clock=Clock(), oauth_ports=oauth_ports)
    for application in applications(settings):
        world.applications[application.client_id] = application
    for index, port in enumerate(portal_ports):
        if index < len(SCRIPTS):
            portal = scripted_portal(SCRIPTS[index], world.clock.now())
        else:
            portal = bare_portal(f"portal{index + 1}", f"Office {index + 1}")
        world.portals[portal.key] = portal
        world.serve(portal, port)
    return world


def applications(settings: SeedSettings) -> list[Application]:
    """The cards of both applications."""
    return [
        Application(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            code="vendor.chat_notebook",
            title="Chat Notebook",
            scope=["im", "placement", "user_brief", "disk"],
            app_url=f"{settings.app_url}/app/",
            install_url=f"{settings.app_url}/install/",
        ),
        Application(
            client_id=OTHER_CLIENT_ID,
            client_secret="emulated-secret-of-the-other-app",
            code="vendor.other",
            title="Other App",
            scope=["im", "placement", "user"],
            app_url=f"{settings.app_url}/other/",
        ),
    ]


def scripted_portal(script: PortalScript, now: float) -> Portal:
    """A portal with the people and chats of its script; its talk ends shortly before `now`."""
    portal = Portal(
        key=script.key,
        title=script.title,
        member_id=script.member_id,
        port=0,
        generation=script.generation,
        licence=script.licence,
        bucket=BucketSettings(*script.bucket),
        users={user.id: copy.copy(user) for user in script.people},
        last_id=FIRST_FREE_ID,
    )
    for user in portal.users.values():
        user.online = user.kind in {"employee", "bot"} and user.id % 3 != 0
        user.last_activity = now - user.id * 240 if user.kind != "bot" else 0.0
    for age, chat in enumerate(script.chats):
        _add_chat(portal, chat, now - age * 3600)
    return portal


def bare_portal(key: str, title: str) -> Portal:
    """A portal with one administrator and one employee, and nothing said yet."""
    users = [User(1, "Ada", "Admin", admin=True), User(2, "Evan", "Employee")]
    return Portal(
        key=key,
        title=title,
        member_id=new_key(),
        port=0,
        users={user.id: user for user in users},
        last_id=FIRST_FREE_ID,
    )


def paper_portal(world: World, number: int, client_id: str) -> Portal:
    """A portal that exists for the authorization server only, with the application installed by user 1."""
    key = f"paper{number}"
    portal = Portal(
        key=key,
        title=f"Paper portal {number}",
        member_id=new_key(),
        port=world.oauth_ports[0],
        host=f"{key}.localhost",
        paper=True,
        users={1: User(1, "Ada", "Admin", admin=True)},
    )
    portal.installations[client_id] = Installation(
        client_id=client_id,
        application_token=new_application_token(),
        number=1,
        installed=True,
        installer_user_id=1,
        scope=list(world.applications[client_id].scope),
    )
    world.portals[key] = portal
    return portal


def _add_chat(portal: Portal, script: ChatScript, last_said: float) -> None:
    lines = [line.partition(": ") for line in script.talk.strip().splitlines()]
    first = last_said - len(lines) * MINUTES_BETWEEN_MESSAGES * 60
    chat = Chat(
        id=script.id,
        message_type=script.message_type,
        title=script.title,
        members=list(script.members),
        owner=script.owner,
        managers=list(script.managers),
        may_join=list(script.may_join),
        entity_type=script.entity[0],
        entity_id=script.entity[1],
        color=script.color,
        created_at=last_said - CHAT_AGE,
        messages=[
            Message(portal.next_id(), int(author), text, first + (index + 1) * MINUTES_BETWEEN_MESSAGES * 60)
            for index, (author, _, text) in enumerate(lines)
        ],
    )
    portal.chats[chat.id] = chat
    if script.files:
        _add_files(portal, chat, script)


def _add_files(portal: Portal, chat: Chat, script: ChatScript) -> None:
    folder = DiskItem(portal.next_id(), f"chat{chat.id}", "folder", created_at=chat.created_at)
    chat.disk_folder_id = folder.id
    portal.disk[folder.id] = folder
    for file in script.files:
        item = DiskItem(
            id=portal.next_id(),
            name=file.name,
            type="file",
            parent_id=folder.id,
            size=len(file.text.encode()),
            created_by=chat.owner,
            created_at=chat.created_at + 3600,
            text=file.text,
        )
        portal.disk[item.id] = item
