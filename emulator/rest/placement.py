"""placement.* (REST docs: "Widget embedding"); errors in the order a portal checks them."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.errors import ApiError
from emulator.installations import Application, PlacementBinding
from emulator.params import as_map, as_text
from emulator.rest.handler_url import check_handler_url
from emulator.rest.registry import Call, method

PLACEMENTS = {
    "IM_SIDEBAR": "im",
    "IM_TEXTAREA": "im",
    "IM_NAVIGATION": "im",
    "IM_CONTEXT_MENU": "im",
    "REST_APP_URI": "placement",
}
UNKNOWN_TO_OLD = {"REST_APP_URI"}
CONTEXTS = {"ALL", "USER", "CHAT", "LINES", "CRM"}
COLORS = frozenset(
    {"RED", "GREEN", "MINT", "LIGHT_BLUE", "DARK_BLUE", "PURPLE", "AQUA", "PINK", "LIME", "BROWN"}
    | {"AZURE", "KHAKI", "SAND", "ORANGE", "MARENGO", "GRAY", "GRAPHITE"}
)
DEFAULTS = {"iconName": "", "context": "ALL", "role": "USER", "extranet": "N"}
MAX_URL = 255
MAX_ICON = 50


@method("placement.bind", "placement")
def bind(call: Call) -> bool:
    """Bind a widget handler; several handlers of one placement are allowed."""
    application, installation = call.in_application()
    call.require_admin()
    placement = call.params.required("PLACEMENT").upper()
    handler = call.params.required("HANDLER")
    check_handler_url(handler, need_dot=call.portal.require_dot_in_handler_host)
    too_old = call.portal.generation == "old" and placement in UNKNOWN_TO_OLD
    if too_old or PLACEMENTS.get(placement) not in call.caller.scope:
        raise ApiError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    options: dict[str, str] = {}
    if placement.startswith("IM_"):
        options = _options(call.params.get("OPTIONS"))
    if call.params.integer("USER_ID"):
        raise ApiError(400, "ERROR_PLACEMENT_USER_MODE", "User mode is not available.")
    if options:
        _validate(options)
    if len(handler) > MAX_URL:
        raise ApiError(400, "ERROR_CORE", "Unable to set placement handler: PLACEMENT_HANDLER is too long")
    if any((item.placement, item.handler) == (placement, handler) for item in installation.placements):
        raise ApiError(400, "ERROR_CORE", "Unable to set placement handler: Handler already binded")
    installation.placements.append(_binding(call, application, placement, handler, options))
    return True


@method("placement.unbind", "placement")
def unbind(call: Call) -> dict[str, int]:
    """Remove handlers; each row is counted twice, once found and once deleted."""
    _, installation = call.in_application()
    call.require_admin()
    placement = call.params.required("PLACEMENT").upper()
    handler = call.params.text("HANDLER")
    kept = [
        item
        for item in installation.placements
        if item.placement != placement or handler not in ("", item.handler)
    ]
    removed = len(installation.placements) - len(kept)
    installation.placements = kept
    return {"count": 2 * removed}


@method("placement.get", "placement")
def get(call: Call) -> list[dict[str, Any]]:
    """The application's own handlers."""
    _, installation = call.in_application()
    call.require_admin()
    return [
        {
            "placement": item.placement,
            "userId": 0,
            "handler": item.handler,
            "title": item.title,
            "description": item.description,
            "options": item.options or [],
            "langAll": item.lang_all or [],
        }
        for item in installation.placements
    ]


@method("placement.list", "placement")
def listing(call: Call) -> list[str]:
    """Codes of the placements, of one scope if asked for."""
    scope = call.params.text("SCOPE")
    return [
        code
        for code, needed in PLACEMENTS.items()
        if (scope in ("", needed)) and (call.params.flag("FULL") or needed in call.caller.scope)
    ]


def _options(value: object) -> dict[str, str]:
    given = as_map(value if value is not None else {})
    if given is None:
        raise ApiError(400, "ERROR_ARGUMENT", "Invalid value of options", argument="options")
    if "iconName" not in given:
        raise ApiError(400, "ERROR_ARGUMENT", "Argument 'iconName' is null or empty", argument="iconName")
    options = DEFAULTS | {name: as_text(given[name]) for name in DEFAULTS if name in given}
    if as_text(given.get("color")):
        options["color"] = as_text(given["color"])
    return options


def _validate(options: Mapping[str, str]) -> None:
    """Every validator runs and the last failure is reported, at HTTP 200."""
    if not options["iconName"]:
        raise ApiError(200, "EMPTY_ERROR_ICON_NAME", "Field iconName is empty.")
    contexts = options["context"].split(";")
    checks = {
        "iconName": len(options["iconName"]) <= MAX_ICON
        and bool(re.search(r"[A-Za-z \-]", options["iconName"])),
        "context": bool(contexts) and set(contexts) <= CONTEXTS,
        "role": options["role"] in {"USER", "ADMIN"},
        "extranet": options["extranet"] in {"Y", "N"},
        "color": options.get("color", "RED") in COLORS,
    }
    failed = [name for name, passed in checks.items() if not passed]
    if failed:
        code = "ICON_NAME" if failed[-1] == "iconName" else failed[-1].upper()
        raise ApiError(200, f"INVALID_ERROR_{code}", f"Field {failed[-1]} is invalid.")


def _binding(
    call: Call, application: Application, placement: str, handler: str, options: dict[str, str]
) -> PlacementBinding:
    lang_all = {
        language: {
            name: as_text((as_map(texts) or {}).get(name))[:MAX_URL]
            for name in ("TITLE", "DESCRIPTION", "GROUP_NAME")
        }
        for language, texts in (call.params.array("LANG_ALL") or {}).items()
    }
    title = call.params.text("TITLE")
    if lang_all:
        title = next((texts["TITLE"] for texts in lang_all.values() if texts["TITLE"]), "")
    return PlacementBinding(
        id=call.portal.next_id(),
        placement=placement,
        handler=handler,
        title=(title or application.title)[:MAX_URL],
        description=call.params.text("DESCRIPTION"),
        options=options,
        lang_all=lang_all,
    )
