"""The routes of the page for people: one set for each portal's port, one for the authorization server's."""

from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from emulator.messenger.api import api_routes
from emulator.messenger.pages import (
    FOLDER,
    landing,
    linked,
    market,
    messenger,
    on_own_address,
    welcome,
)


def messenger_routes() -> list[Route | Mount]:
    """Welcome, messenger, Market and their endpoints; needs `request.state.emulator` and `.portal`."""
    return [
        Route("/", on_own_address(welcome)),
        Route("/online/", on_own_address(messenger)),
        Route("/market/", on_own_address(market)),
        Route("/marketplace/view/{code}/", on_own_address(linked)),
        _static(),
        Mount("/_ui", routes=api_routes()),
    ]


def landing_routes() -> list[Route | Mount]:
    """The list of portals; needs `request.state.emulator`."""
    return [Route("/", landing), _static()]


def _static() -> Mount:
    return Mount("/_ui/static", StaticFiles(directory=FOLDER / "static"))
