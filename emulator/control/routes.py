"""The table of control routes."""

from starlette.applications import Starlette
from starlette.routing import Route

from emulator.control import installation, portal, world
from emulator.control.support import refusal, route
from emulator.errors import ApiError
from emulator.opening import GateClosed


def control_application() -> Starlette:
    """Every route, all of them JSON."""
    refusals = dict.fromkeys((GateClosed, ApiError, ValueError), refusal)
    return Starlette(routes=_routes(), exception_handlers=refusals)


def _routes() -> list[Route]:
    return [
        route("state", world.state, "GET"),
        route("requests", world.requests, "GET"),
        route("requests", world.forget_requests, "DELETE"),
        route("reset", world.reset),
        route("clock", world.clock),
        route("applications", world.application),
        route("authority", world.authority),
        route("portals", world.paper_portals),
        route("{key}/tokens", portal.tokens),
        route("{key}/revoke", portal.revoke),
        route("{key}/users", portal.add_user),
        route("{key}/users/{id:int}", portal.change_user),
        route("{key}/chats", portal.add_chat),
        route("{key}/chats/{id:int}/files", portal.add_file),
        route("{key}/chats/{id:int}/members", portal.change_members),
        route("{key}/faults", portal.set_fault),
        route("{key}/contradict", portal.contradict),
        route("{key}/bucket", portal.set_bucket),
        route("{key}/events", portal.set_events),
        route("{key}/settings", portal.change_settings),
        route("{key}/rename", portal.rename),
        route("{key}/takeover", portal.takeover),
        route("{key}/install", installation.install),
        route("{key}/install_finish", installation.install_finish),
        route("{key}/uninstall", installation.uninstall),
        route("{key}/update", installation.update),
        route("{key}/payment", installation.payment),
        route("{key}/access", installation.access),
        route("{key}/open", installation.open_form),
    ]
