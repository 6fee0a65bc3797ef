"""Control of one portal: people, chats, limits, faults, address."""

from typing import Any

from emulator import faults, seed
from emulator.control.support import Control, Json, token_json
from emulator.errors import ApiError
from emulator.params import Params, as_map
from emulator.state import Chat, DiskItem, User
from emulator.switches import Fault


def tokens(control: Control) -> Json:
    """A fresh pair for `user_id`; the application must have been on the portal."""
    if control.client_id not in control.portal.installations:
        raise ApiError(404, "APPLICATION_NOT_FOUND", "Application not installed")
    token = control.world.issue_token(control.portal, control.user.id, control.client_id)
    return token_json(control.world, token)


def revoke(control: Control) -> Json:
    """Kill the `access` and / or `refresh` tokens of an application on the portal."""
    count = 0
    for token in control.world.tokens_of(control.portal, control.client_id):
        token.access_revoked |= control.body.flag("access")
        token.refresh_revoked |= control.body.flag("refresh")
        count += 1
    return {"count": count}


def add_user(control: Control) -> Json:
    """A new person: name, last_name, kind, admin, position; `id` if it must be a certain one.

    With `count` so many of them, numbered on from the last; `id` is then the first one's.
    """
    body, portal = control.body, control.portal
    if body.integer("count"):
        first = max(portal.users) + 1
        for number in range(first, first + body.integer("count")):
            portal.users[number] = User(number, "Person", f"Newcomer {number}", online=True)
        return {"id": first}
    user = User(
        id=body.integer("id") or max(portal.users) + 1,
        name=body.text("name", "New"),
        last_name=body.text("last_name", "Person"),
        position=body.text("position"),
    )
    portal.users[user.id] = user
    _change_user(user, body)
    return {"id": user.id}


def change_user(control: Control) -> Json:
    """Change `kind` and / or `admin`."""
    user = control.user_by_id(control.path["id"])
    _change_user(user, control.body)
    return {"id": user.id}


def add_chat(control: Control) -> Json:
    """A new chat: message_type, title, members (list), owner, managers, entity_type, entity_id, may_join."""
    body, portal = control.body, control.portal
    members = _ids(body, "members")
    message_type: Any = body.text("message_type", "C")
    chat = Chat(
        id=portal.next_id(),
        message_type=message_type,
        title=body.text("title", "New chat"),
        members=[control.user_by_id(member).id for member in members],
        owner=body.integer("owner", members[0] if members else 0),
        managers=_ids(body, "managers"),
        may_join=_ids(body, "may_join"),
        entity_type=body.text("entity_type"),
        entity_id=body.text("entity_id"),
        created_at=control.world.clock.now(),
    )
    portal.chats[chat.id] = chat
    return {"id": chat.id}


def add_file(control: Control) -> Json:
    """A new file of a chat: name, text; `size` in bytes if it must look bigger than its text."""
    portal, body, chat, now = control.portal, control.body, _chat(control), control.world.clock.now()
    if not chat.disk_folder_id:
        chat.disk_folder_id = portal.next_id()
        portal.disk[chat.disk_folder_id] = DiskItem(
            chat.disk_folder_id, f"chat{chat.id}", "folder", created_at=now
        )
    file = DiskItem(
        id=portal.next_id(),
        name=body.text("name", "New.txt"),
        type="file",
        parent_id=chat.disk_folder_id,
        size=body.integer("size") or len(body.text("text").encode()),
        created_by=chat.owner,
        created_at=now,
        text=body.text("text"),
    )
    portal.disk[file.id] = file
    return {"id": file.id}


def change_members(control: Control) -> Json:
    """`add` and `remove` members of a chat (lists of user ids)."""
    chat = _chat(control)
    remove = _ids(control.body, "remove")
    added = [member for member in _ids(control.body, "add") if member not in chat.members]
    chat.members = [member for member in chat.members if member not in remove] + added
    chat.managers = [member for member in chat.managers if member not in remove]
    return {"members": chat.members}


def set_fault(control: Control) -> Json:
    """Switch a fault of the portal; of an authorization server under the key "oauth", of the second "oauth2".

    `method` restricts it to one REST method.
    """
    error = control.body.text("error") or None
    if error is not None and error not in faults.NAMES:
        raise ApiError(400, "UNKNOWN_FAULT", f"Known: {sorted(faults.NAMES)}")
    times = control.body.integer("times") if control.body.text("times") else None
    servers = dict(zip(("oauth", "oauth2"), control.world.oauth_ports, strict=False))
    port = servers.get(control.path["key"])
    fault = control.world.oauth_faults.setdefault(port, Fault()) if port else control.portal.fault
    fault.delay_ms, fault.error, fault.times = control.body.integer("delay_ms"), error, times
    fault.method = control.body.text("method").lower()
    return {"error": error, "delay_ms": fault.delay_ms, "times": times}


def contradict(control: Control) -> Json:
    """Let `method` answer something else than the truth: `answer` is laid over a map, replaces a list.

    With `authority` it is laid over what the authorization server says of the portal's tokens (`app.info`).
    Without `answer` the truth is told again.
    """
    portal, body = control.portal, control.body
    if body.flag("authority"):
        told, name = control.world.contradictions, portal.member_id
    else:
        told, name = portal.contradictions, body.required("method").lower()
    told.pop(name, None)
    if "answer" in body:
        told[name] = body["answer"]
    return {}


def set_bucket(control: Control) -> Json:
    """Change the leaky bucket; what is not given stays."""
    bucket, body = control.portal.bucket, control.body
    bucket.x, bucket.y = float(body.text("x", str(bucket.x))), float(body.text("y", str(bucket.y)))
    bucket.enabled = body.flag("enabled") if "enabled" in body else bucket.enabled
    bucket.operating_limit = float(body.text("operating_limit", str(bucket.operating_limit)))
    control.emulator.limits.clear()
    return {"x": bucket.x, "y": bucket.y, "enabled": bucket.enabled}


def set_events(control: Control) -> Json:
    """Switch loss, doubling, delay or holding back of events; held ones leave when `held` ends."""
    switches, body = control.portal.event_switches, control.body
    for name in ("lost", "doubled", "held"):
        if name in body:
            setattr(switches, name, body.flag(name))
    switches.delay_ms = body.integer("delay_ms", switches.delay_ms)
    if not switches.held:
        control.emulator.courier.release(control.portal)
    return {}


def change_settings(control: Control) -> Json:
    """Change generation, language, licence, lacks_…, refuses_in_batch, authorization_server (0 or 1) or
    require_dot_in_handler_host of the portal."""
    portal, body = control.portal, control.body
    generation: Any = body.text("generation", portal.generation)
    portal.generation = generation
    portal.language = body.text("language", portal.language)
    portal.licence = body.text("licence", portal.licence)
    for name in ("lacks_method", "lacks_placement", "lacks_event", "refuses_in_batch"):
        setattr(portal, name, body.text(name, getattr(portal, name)))
    portal.authorization_server = body.integer("authorization_server", portal.authorization_server)
    if "require_dot_in_handler_host" in body:
        portal.require_dot_in_handler_host = body.flag("require_dot_in_handler_host")
    return {"generation": portal.generation, "language": portal.language, "licence": portal.licence}


def rename(control: Control) -> Json:
    """Move the portal to `to_port`, a spare; the old port answers 302 from now on."""
    world, portal, port = control.world, control.portal, control.body.integer("to_port")
    if port not in control.emulator.every_port or world.portal_on(port) is not None:
        raise ApiError(409, "PORT_NOT_FREE", f"{port} is not a free port of this emulator")
    old = portal.port
    world.serve(portal, port)
    world.moved = {known: key for known, key in world.moved.items() if key != portal.key}
    world.moved[old] = portal.key
    return {"url": portal.url, "old_url": f"http://localhost:{old}"}


def takeover(control: Control) -> Json:
    """A new portal appears under the address the portal has moved away from."""
    world, portal = control.world, control.portal
    port = next((known for known, key in world.moved.items() if key == portal.key), None)
    if port is None:
        raise ApiError(409, "NOT_RENAMED", f"{portal.key} has not moved")
    fresh = seed.bare_portal(f"{portal.key}-successor", "Successor Ltd")
    world.portals[fresh.key] = fresh
    world.serve(fresh, port)
    return {"key": fresh.key, "member_id": fresh.member_id, "url": fresh.url}


def _chat(control: Control) -> Chat:
    chat = control.portal.chats.get(control.path["id"])
    if chat is None:
        raise ApiError(404, "CHAT_NOT_FOUND", f"No chat {control.path['id']}")
    return chat


def _change_user(user: User, body: Params) -> None:
    kind: Any = body.text("kind", user.kind)
    user.kind = kind
    if "admin" in body:
        user.admin = body.flag("admin")


def _ids(body: Params, name: str) -> list[int]:
    return [int(value) for value in (as_map(body.get(name)) or {}).values()]
