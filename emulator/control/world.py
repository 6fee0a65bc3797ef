"""Control of the whole world: state, reset, clock, applications, new portals, recorded requests."""

import dataclasses
from typing import Any

from emulator import seed, store
from emulator.control.support import Control, Json, token_json
from emulator.errors import ApiError
from emulator.installations import Application
from emulator.state import new_key


def state(control: Control) -> Json:
    """The world without its tokens, talk and secrets; paper portals are only counted."""
    world = control.world
    portals: dict[str, Any] = {}
    for portal in world.portals.values():
        if portal.paper:
            continue
        portals[portal.key] = store.encode(portal) | {"url": portal.url, "domain": portal.domain}
        for chat in portals[portal.key]["chats"].values():
            chat["message_count"] = len(chat.pop("messages"))
    return {
        "now": world.clock.now(),
        "portals": portals,
        "paper_portals": sum(portal.paper for portal in world.portals.values()),
        "applications": {
            application.client_id: {
                name: value for name, value in store.encode(application).items() if name != "client_secret"
            }
            for application in world.applications.values()
        },
        "tokens": len(world.tokens),
        "refresh_reuse": world.refresh_reuse,
    }


def reset(control: Control) -> Json:
    """Back to the demo world, clock included; recorded requests are forgotten."""
    if control.body.text("seed", "demo") != "demo":
        raise ApiError(400, "UNKNOWN_SEED", "The only seed is demo")
    emulator = control.emulator
    ports = emulator.portal_ports
    emulator.replace_world(seed.demo_world(emulator.seed, control.world.oauth_ports, ports))
    emulator.recorder.clear()
    return {"portals": list(emulator.world.portals)}


def clock(control: Control) -> Json:
    """Move time forward by `advance` seconds."""
    return {"now": control.world.clock.advance(float(control.body.text("advance", "0")))}


def application(control: Control) -> Json:
    """Add an application or change one; fields as in `Application`, `client_id` required."""
    client_id = control.body.required("client_id")
    known = {field.name for field in dataclasses.fields(Application)}
    given = {name.lower(): value for name, value in control.body.items() if name.lower() in known}
    if client_id in control.world.applications:
        control.world.applications[client_id] = dataclasses.replace(
            control.world.applications[client_id], **given
        )
    else:
        defaults = {
            "client_secret": new_key(),
            "code": client_id,
            "title": client_id,
            "scope": [],
            "app_url": "",
        }
        control.world.applications[client_id] = Application(**{**defaults, **given})
    return {"client_id": client_id}


def paper_portals(control: Control) -> Json:
    """`count` portals for refresh load, each with a token pair of its administrator."""
    world, client_id = control.world, control.client_id
    taken = sum(portal.paper for portal in world.portals.values())
    return [
        token_json(world, world.issue_token(seed.paper_portal(world, number, client_id), 1, client_id))
        for number in range(taken, taken + control.body.integer("count", 1))
    ]


def authority(control: Control) -> Json:
    """Switch what is open about the authorization servers: `invalid_client`, `expiry_first`."""
    switches, body = control.world.authority, control.body
    for name in ("invalid_client", "expiry_first"):
        if name in body:
            setattr(switches, name, body.flag(name))
    return dataclasses.asdict(switches)


def requests(control: Control) -> Json:
    """Recorded requests numbered above `since`, of one `kind` if given."""
    found = control.emulator.recorder.since(control.body.integer("since"), control.body.text("kind"))
    return [dataclasses.asdict(record) for record in found]


def forget_requests(control: Control) -> Json:
    """Forget them."""
    control.emulator.recorder.clear()
    return {}
