"""One ASGI application for every port: which port a request came in on decides who answers.

Routes find the running parts as `request.state.emulator`, on a portal's port the portal as `request.state.portal`.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulator.control.routes import control_application
from emulator.messenger.routes import landing_routes, messenger_application
from emulator.rest.server import ALLOWED_HEADERS
from emulator.running import Emulator


class Ports:
    """Everybody who answers, behind one door."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.control = control_application()
        self.landing = Starlette(routes=landing_routes())
        self.messenger = messenger_application()
        self.rest = Starlette(
            routes=[Route("/{path:path}", _rest, methods=["GET", "POST", "HEAD"])],
            middleware=[
                Middleware(
                    CORSMiddleware,
                    allow_origins=["*"],
                    allow_methods=["GET", "POST"],
                    allow_headers=ALLOWED_HEADERS,
                )
            ],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope["state"] = {"emulator": self.emulator}
        if self.emulator.autosave:
            self.emulator.autosave.touch()
        port = scope["server"][1]
        if port in self.emulator.oauth:
            await self._oauth_side(port, scope, receive, send)
        else:
            await self._portal_side(port, scope, receive, send)

    async def _oauth_side(self, port: int, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/_control/"):
            await self.control(scope, receive, send)
            return
        if scope["path"] == "/" or scope["path"].startswith("/_ui/"):
            await self.landing(scope, receive, send)
            return
        response = await self.emulator.oauth[port].handle(Request(scope, receive))
        await response(scope, receive, send)

    async def _portal_side(self, port: int, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        portal = self.emulator.world.portal_on(port)
        if portal is None:
            await self._nobody(port, request)(scope, receive, send)
            return
        path = scope["path"].lower()
        scope["state"]["portal"] = portal
        side = self.rest if path.startswith("/rest/") else self.messenger
        await side(scope, receive, send)

    def _nobody(self, port: int, request: Request) -> Response:
        """A renamed portal redirects, keeping path and query; a spare port knows no portal."""
        renamed = self.emulator.world.portal_moved_from(port)
        if renamed is None:
            return HTMLResponse("<h1>This Bitrix24 does not exist</h1>", 404)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{renamed.url}{request.url.path}{query}", 302)


async def _rest(request: Request) -> Response:
    answer: Response = await request.state.emulator.rest.handle(request, request.state.portal)
    return answer
