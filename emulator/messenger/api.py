"""The page's own endpoints under `/_ui/`: JSON in, JSON out, the viewer as parameter `as`, no cookies."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator import lifecycle
from emulator.dialogs import resolve_dialog
from emulator.errors import ApiError
from emulator.messenger.desk import Desk, Refused
from emulator.messenger.frames import AUTH_FIELDS, open_frame, user_options
from emulator.messenger.market import require_admin
from emulator.messenger.pages import talk_parts
from emulator.opening import build_open, installation_or_404
from emulator.state import Message

Handler = Callable[[Desk, Mapping[str, Any]], dict[str, Any]]
MESSAGE_LIMIT = 20_000


def endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Wraps a handler: parses the body, finds the desk."""

    async def answer(request: Request) -> Response:
        params = await _body(request)
        return JSONResponse(handler(Desk.of(request, params), params))

    return answer


def refusal(_request: Request, error: Exception) -> Response:
    """`{"text"}` with the status of a refusal or of an error of the portal."""
    if isinstance(error, ApiError):
        return JSONResponse({"text": error.description or error.code}, error.status)
    return JSONResponse({"text": str(error)}, error.status if isinstance(error, Refused) else 500)


def post_message(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """Say something in a chat the viewer takes part in."""
    chat = resolve_dialog(desk.world, desk.portal, desk.viewer.id, str(params.get("dialog", "")))
    text = str(params.get("text", "")).strip()
    if desk.viewer.id not in chat.members:
        raise Refused(403, "Only members of this chat write here.")
    if not text or len(text) > MESSAGE_LIMIT:
        raise Refused(400, "Write between 1 and 20 000 characters.")
    message = Message(desk.portal.next_id(), desk.viewer.id, text, desk.world.clock.now())
    chat.messages.append(message)
    return {"id": message.id}


def talk(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """The talk as HTML, unless nothing has happened since `version`."""
    version = desk.portal.last_id
    if params.get("version") == version:
        return {"version": version}
    return {"version": version, **talk_parts(desk, str(params.get("dialog", "")))}


def users(desk: Desk, _params: Mapping[str, Any]) -> dict[str, Any]:
    """The company's employees, as `selectUser` offers them."""
    return {
        "users": [
            {
                "id": str(user.id),
                "name": user.full_name,
                "photo": "",
                "position": user.position,
                "url": f"/company/personal/user/{user.id}/",
                "sub": False,
                "sup": False,
            }
            for user in desk.portal.users.values()
            if user.kind == "employee"
        ]
    }


def refresh_auth(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new token pair for the frame (JS SDK: refreshAuth)."""
    form = build_open(desk.world, desk.portal, desk.viewer, str(params.get("client_id", "")))
    return {name: form.fields[name] for name in AUTH_FIELDS}


def set_option(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """Store an option of the application (`owner` "app", administrators only) or of the viewer ("user")."""
    client_id = str(params.get("client_id", ""))
    installation_or_404(desk.portal, client_id)
    name, value = str(params.get("name", "")), str(params.get("value", ""))
    if params.get("owner") == "app":
        require_admin(desk)
        options = desk.portal.app_options.setdefault(client_id, {})
        options[name] = value
        return {"options": options}
    desk.portal.user_options.setdefault(client_id, {})[f"{desk.viewer.id}:{name}"] = value
    return {"options": user_options(desk, client_id)}


def first_run(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """The application has seen its first run (JS SDK: setInstall)."""
    installation_or_404(desk.portal, str(params.get("client_id", ""))).first_run = False
    return {}


def install_finish(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """The wizard is over; `value` false goes back to it."""
    require_admin(desk)
    client_id = str(params.get("client_id", ""))
    if params.get("value") is False:
        installation_or_404(desk.portal, client_id).installed = False
    else:
        lifecycle.finish(desk.world, desk.portal, desk.viewer, client_id)
    return {}


def market_install(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """Put an application on the portal; `page` says whether it has a page to show now."""
    require_admin(desk)
    client_id = _application(desk, params)
    lifecycle.install(desk.world, desk.portal, desk.viewer, client_id)
    return {"page": desk.world.applications[client_id].has_interface}


def market_update(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a new version; an application with an installer goes through it again."""
    require_admin(desk)
    client_id = _application(desk, params)
    application = desk.world.applications[client_id]
    version = int(params.get("version") or application.version)
    application.version = max(application.version, version)
    installation = lifecycle.update(desk.world, desk.portal, client_id, version)
    return {"page": not installation.installed}


def market_uninstall(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """Take an application off the portal, with `clean` also its settings and data."""
    require_admin(desk)
    lifecycle.uninstall(
        desk.world, desk.portal, _application(desk, params), clean=params.get("clean") is True
    )
    return {}


def api_routes() -> list[Route]:
    """Everything below `/_ui/` that is not a static file."""
    handlers: dict[str, Handler] = {
        "open": open_frame,
        "auth": refresh_auth,
        "option": set_option,
        "first-run": first_run,
        "install-finish": install_finish,
        "message": post_message,
        "talk": talk,
        "users": users,
        "market/install": market_install,
        "market/update": market_update,
        "market/uninstall": market_uninstall,
    }
    return [Route(f"/{path}", endpoint(handler), methods=["POST"]) for path, handler in handlers.items()]


async def _body(request: Request) -> Mapping[str, Any]:
    try:
        params = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        params = None
    if not isinstance(params, dict):
        raise Refused(400, "A JSON object is expected.")
    return params


def _application(desk: Desk, params: Mapping[str, Any]) -> str:
    client_id = str(params.get("client_id", ""))
    if client_id not in desk.world.applications:
        raise Refused(404, "There is no such application.")
    return client_id
