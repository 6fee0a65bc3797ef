"""The routes of the page for people: one set for each portal's port, one for the authorization server's."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from emulator.errors import ApiError
from emulator.messenger.api import api_routes, refusal
from emulator.messenger.desk import Refused
from emulator.messenger.pages import (
    FOLDER,
    landing,
    linked,
    market,
    messenger,
    missing,
    on_own_address,
    welcome,
)


def messenger_application() -> Starlette:
    """Welcome, messenger, Market and their endpoints; needs `request.state.emulator` and `.portal`."""
    endpoints = Starlette(routes=api_routes(), exception_handlers=dict.fromkeys((Refused, ApiError), refusal))
    routes = [
        Route("/", on_own_address(welcome)),
        Route("/online/", on_own_address(messenger)),
        Route("/market/", on_own_address(market)),
        Route("/marketplace/view/{code}/", on_own_address(linked)),
        _static(),
        Mount("/_ui", endpoints),
    ]
    return Starlette(routes=routes, exception_handlers={Refused: missing})


def landing_routes() -> list[Route | Mount]:
    """The list of portals; needs `request.state.emulator`."""
    return [Route("/", landing), _static()]


def _static() -> Mount:
    return Mount("/_ui/static", StaticFiles(directory=FOLDER / "static"))
