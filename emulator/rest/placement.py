"""placement.* (REST docs: "Widget embedding"; portal source of May 2026, rest/lib/api/placement.php).

Errors come in the order a portal checks them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.errors import ApiError
from emulator.installations import Application, PlacementBinding
from emulator.params import as_map, as_text
from emulator.rest.handler_url import check_handler_url
from emulator.rest.registry import Call, method

# The options of each (REST docs: pages of the placements); those that are not given have their defaults.
PLACEMENTS = {
    "IM_SIDEBAR": ("iconName", "context", "role", "extranet", "color"),
    "IM_TEXTAREA": ("iconName", "context", "role", "extranet", "color", "width", "height"),
    "IM_NAVIGATION": ("iconName", "role", "extranet"),
    "IM_CONTEXT_MENU": ("context", "role", "extranet"),
    "REST_APP_URI": (),
}
UNKNOWN_TO_OLD = {"REST_APP_URI"}
# An application has one handler of these.
SINGLE = {"REST_APP_URI"}
CONTEXTS = {"ALL", "USER", "CHAT", "LINES", "CRM"}
COLORS = frozenset(
    {"RED", "GREEN", "MINT", "LIGHT_BLUE", "DARK_BLUE", "PURPLE", "AQUA", "PINK", "LIME", "BROWN"}
    | {"AZURE", "KHAKI", "SAND", "ORANGE", "MARENGO", "GRAY", "GRAPHITE"}
)
DEFAULTS = {"context": "ALL", "role": "USER", "extranet": "N"}
TEXTS = ("TITLE", "DESCRIPTION", "GROUP_NAME")
MAX_URL = 255
MAX_ICON = 50


@method("placement.bind", "placement")
def bind(call: Call) -> bool:
    """Bind a widget handler; of most placements several are allowed."""
    application, installation = call.in_application()
    call.require_admin()
    placement = call.params.required("PLACEMENT").upper()
    handler = call.params.required("HANDLER")
    check_handler_url(handler, need_dot=call.portal.require_dot_in_handler_host)
    if placement not in _known(call):
        raise ApiError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    options = _options(PLACEMENTS[placement], call.params.get("OPTIONS"))
    if call.params.integer("USER_ID"):
        raise ApiError(400, "ERROR_PLACEMENT_USER_MODE", "User mode is not available.")
    if placement in SINGLE and any(item.placement == placement for item in installation.placements):
        raise ApiError(400, "ERROR_PLACEMENT_MAX_COUNT", "Placement max count: 1")
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
            "id": item.id,
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
    return _known(call) if call.params.text("SCOPE") in ("", "placement") else []


def _known(call: Call) -> list[str]:
    lacks = {call.portal.lacks_placement} | (UNKNOWN_TO_OLD if call.portal.generation == "old" else set())
    return [code for code in PLACEMENTS if code not in lacks]


def _options(names: Sequence[str], value: object) -> dict[str, str]:
    """What the placement takes, all of it text; an option that was not given has its default, or nothing."""
    given = as_map(value if value is not None else {})
    if given is None and "iconName" in names:
        raise ApiError(400, "ERROR_ARGUMENT", "Invalid value of options", argument="options")
    given = given or {}
    if "iconName" in names and "iconName" not in given:
        raise ApiError(400, "ERROR_ARGUMENT", "Argument 'iconName' is null or empty", argument="iconName")
    return {name: as_text(given[name]) if name in given else DEFAULTS.get(name, "") for name in names}


def _validate(options: Mapping[str, str]) -> None:
    """Every validator runs and the last failure is reported, at HTTP 200."""
    checks: dict[str, Callable[[str], bool]] = {
        "iconName": lambda icon: len(icon) <= MAX_ICON and bool(re.search(r"[A-Za-z \-]", icon)),
        "context": lambda contexts: set(contexts.split(";")) <= CONTEXTS,
        "role": lambda role: role in {"USER", "ADMIN"},
        "extranet": lambda extranet: extranet in {"Y", "N"},
        "color": lambda color: color in COLORS | {""},
    }
    failed = [name for name, passes in checks.items() if name in options and not passes(options[name])]
    if failed:
        code = "ICON_NAME" if failed[-1] == "iconName" else failed[-1].upper()
        raise ApiError(200, f"INVALID_ERROR_{code}", f"Field {failed[-1]} is invalid.")


def _binding(
    call: Call, application: Application, placement: str, handler: str, options: dict[str, str]
) -> PlacementBinding:
    """Whatever is given, titles are kept by language: a bare one under the portal's default language."""
    given: dict[str, Any] = call.params.array("LANG_ALL") or {}
    if not given:
        bare = {name: call.params.text(name) for name in TEXTS if call.params.text(name)}
        given = {call.portal.language: bare or {"TITLE": application.title}}
    lang_all = {
        language: {name: as_text((as_map(texts) or {}).get(name)).strip()[:MAX_URL] for name in TEXTS}
        for language, texts in given.items()
    }
    return PlacementBinding(
        id=call.portal.next_id(),
        placement=placement,
        handler=handler,
        title=next((texts["TITLE"] for texts in lang_all.values() if texts["TITLE"]), ""),
        description=next(iter(lang_all.values()))["DESCRIPTION"],
        options=options,
        lang_all=lang_all,
    )
