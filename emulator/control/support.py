"""What every control route shares: JSON in, JSON out, errors as JSON."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.errors import ApiError
from emulator.opening import GateClosed, OpenForm
from emulator.params import Params
from emulator.running import Emulator
from emulator.state import Portal, Token, User, World

Json = dict[str, Any] | list[Any]


class Control:
    """One control request."""

    def __init__(self, request: Request, body: dict[str, Any]) -> None:
        self.emulator: Emulator = request.state.emulator
        self.world: World = self.emulator.world
        self.body = Params(body)
        self.path = request.path_params

    @property
    def portal(self) -> Portal:
        """The portal of the path. Raises `ApiError` 404."""
        portal = self.world.portals.get(self.path["key"])
        if portal is None:
            raise ApiError(404, "PORTAL_NOT_FOUND", f"No portal {self.path['key']!r}")
        return portal

    @property
    def user(self) -> User:
        """The user of `user_id`. Raises `ApiError` 404."""
        return self.user_by_id(self.body.integer("user_id"))

    @property
    def client_id(self) -> str:
        """`client_id`, by default the first application's."""
        client_id = self.body.text("client_id") or next(iter(self.world.applications))
        if client_id not in self.world.applications:
            raise ApiError(404, "APPLICATION_NOT_FOUND", f"No application {client_id!r}")
        return client_id

    def user_by_id(self, user_id: int) -> User:
        """A user of the portal. Raises `ApiError` 404."""
        user = self.portal.users.get(user_id)
        if user is None:
            raise ApiError(404, "USER_NOT_FOUND", f"No user {user_id} on {self.portal.key}")
        return user


Handler = Callable[[Control], Json | Awaitable[Json]]


def route(path: str, handler: Handler, http: str = "POST") -> Route:
    """A route that answers with the handler's JSON."""

    async def endpoint(request: Request) -> Response:
        body = await request.json() if await request.body() else {}
        control = Control(request, {**dict(request.query_params), **body})
        result = handler(control)
        return JSONResponse(await result if inspect.isawaitable(result) else result)

    return Route(f"/_control/{path}", endpoint, methods=[http], name=f"{http} {path}")


def refusal(_request: Request, error: Exception) -> Response:
    """An error as JSON; a closed gate is no error but what Bitrix24 would show."""
    if isinstance(error, GateClosed):
        return JSONResponse({"gate": error.gate})
    if isinstance(error, ApiError):
        return JSONResponse(error.body(), error.status)
    return JSONResponse({"error": "BAD_VALUE", "error_description": str(error)}, 400)


def form_json(form: OpenForm | None) -> Json:
    """An open form as JSON; `{"url": ""}` when the portal shows no page of the application."""
    if form is None:
        return {"url": "", "fields": {}}
    return {
        "url": form.url,
        "fields": form.fields,
        "app_sid": form.app_sid,
        "frame_name": form.frame_name,
        "installer": form.installer,
    }


def token_json(world: World, token: Token) -> dict[str, Any]:
    """A token pair with everything a client needs to use it."""
    portal = world.portals[token.portal_key]
    return {
        "access_token": token.access_token,
        "refresh_token": token.refresh_token,
        "expires": int(token.expires),
        "expires_in": int(token.expires - world.clock.now()),
        "member_id": portal.member_id,
        "client_endpoint": portal.client_endpoint,
        "user_id": token.user_id,
    }
