"""Methods about people. Ids are strings here (REST docs: profile, user.*)."""

import sys
from operator import attrgetter
from typing import Any

from emulator.clock import iso
from emulator.params import Params, as_map, as_text
from emulator.rest.registry import Answer, Call, method, paginate
from emulator.state import User

USER_SCOPES = ("user", "user_brief", "user_basic")


@method("profile")
def profile(call: Call) -> dict[str, Any]:
    """The calling user."""
    user = call.user
    return {
        "ID": str(user.id),
        "ADMIN": user.admin,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": user.gender,
        "TIME_ZONE": "Europe/Berlin",
        "TIME_ZONE_OFFSET": 0,
    }


@method("user.admin")
def user_admin(call: Call) -> bool:
    """Whether the calling user is an administrator."""
    return call.user.admin


@method("user.current", *USER_SCOPES)
def user_current(call: Call) -> dict[str, Any]:
    """The calling user's card."""
    return _card(call, call.user)


@method("user.get", *USER_SCOPES)
def user_get(call: Call) -> Answer:
    """Cards of the portal's people (no bots), 50 a page.

    Filters: ID (one or several), >ID, <ID, ACTIVE; ordered by SORT (ID, NAME, LAST_NAME) and ORDER.
    """
    wanted = Params(call.params.array("filter") or call.params)
    people = [user for user in call.portal.users.values() if user.kind != "bot" and _matches(user, wanted)]
    sort = {"NAME": "name", "LAST_NAME": "last_name"}.get(call.params.text("sort").upper(), "id")
    people.sort(key=attrgetter(sort), reverse=call.params.text("order").upper() == "DESC")
    page = paginate(people, call.params.integer("start"))
    page.result = [_card(call, user) for user in page.result]
    return page


def _matches(user: User, wanted: Params) -> bool:
    ids = as_map(wanted.get("ID")) or ({"0": wanted["ID"]} if wanted.text("ID") else None)
    if ids is not None and str(user.id) not in {as_text(value) for value in ids.values()}:
        return False
    if not wanted.integer(">ID", -1) < user.id < wanted.integer("<ID", sys.maxsize):
        return False
    return "ACTIVE" not in wanted or (user.kind != "dismissed") == wanted.flag("ACTIVE")


def _card(call: Call, user: User) -> dict[str, Any]:
    card: dict[str, Any] = {
        "ID": str(user.id),
        "ACTIVE": user.kind != "dismissed",
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "LAST_LOGIN": iso(user.last_activity or call.world.clock.now()),
        "IS_ONLINE": "Y" if user.online else "N",
        "WORK_POSITION": user.position,
        "PERSONAL_GENDER": user.gender,
        "UF_DEPARTMENT": [] if user.kind == "extranet" else [1],
        "USER_TYPE": "extranet" if user.kind == "extranet" else "employee",
    }
    if "user" in call.caller.scope:
        card["EMAIL"] = f"user{user.id}@example.com"
    return card
