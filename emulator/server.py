"""One ASGI application for every port: which port a request came in on decides who answers."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from emulator.control.routes import control_routes
from emulator.events import Courier
from emulator.limits import Limits
from emulator.messenger.routes import landing_routes, messenger_routes
from emulator.oauth import OAuthServer
from emulator.recorder import Recorder
from emulator.rest.server import RestServer
from emulator.seed import SeedSettings
from emulator.state import World
from emulator.store import AutoSave, save


@dataclass
class Emulator:
    """The running parts around one world.

    Routes find it as `request.state.emulator`, and on a portal's port the portal as `request.state.portal`.
    """

    world: World
    seed: SeedSettings
    portal_ports: list[int]
    spare_ports: list[int]
    state_file: Path | None = None
    recorder: Recorder = field(default_factory=Recorder)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.assemble()
        self.control = Starlette(routes=control_routes())
        self.landing = Starlette(routes=landing_routes())
        self.messenger = Starlette(routes=messenger_routes())

    def assemble(self) -> None:
        """Build everything that holds on to the world."""
        self.courier = Courier(self.world, self.recorder)
        self.oauth = {port: OAuthServer(self.world, self.recorder, port) for port in self.world.oauth_ports}
        self.rest = RestServer(self.world, self.recorder, self.limits)
        self.autosave = AutoSave(self.world, self.state_file) if self.state_file else None
        self.background: list[asyncio.Task[None]] = []

    @property
    def every_port(self) -> list[int]:
        """Ports a portal can be served on."""
        return [*self.portal_ports, *self.spare_ports]

    def start(self) -> None:
        """Start event delivery and saving; needs a running loop."""
        self.background = [asyncio.create_task(self.courier.run())]
        if self.autosave:
            self.background.append(asyncio.create_task(self.autosave.run()))

    def stop(self) -> None:
        """Stop them; the world is saved a last time."""
        for task in self.background:
            task.cancel()
        if self.state_file:
            save(self.world, self.state_file)

    def replace_world(self, world: World) -> None:
        """Go on with another world, as a reset does. Event deliveries under way still arrive."""
        for task in self.background:
            task.cancel()
        self.world = world
        self.limits.clear()
        self.assemble()
        self.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope["state"] = {"emulator": self}
        if self.autosave:
            self.autosave.touch()
        port = scope["server"][1]
        if port in self.oauth:
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
        response = await self.oauth[port].handle(Request(scope, receive))
        await response(scope, receive, send)

    async def _portal_side(self, port: int, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        portal = self.world.portal_on(port)
        if portal is None:
            await self._nobody(port, request)(scope, receive, send)
            return
        path = scope["path"].lower()
        scope["state"]["portal"] = portal
        if path.startswith("/rest/"):
            response = await self.rest.handle(request, portal)
        elif path.rstrip("/") == "/oauth/authorize":
            response = self.oauth[self.world.oauth_port_of(portal)].authorize(request, portal)
        else:
            await self.messenger(scope, receive, send)
            return
        await response(scope, receive, send)

    def _nobody(self, port: int, request: Request) -> Response:
        """A renamed portal redirects, keeping path and query; a spare port knows no portal."""
        renamed = self.world.portal_moved_from(port)
        if renamed is None:
            return HTMLResponse("<h1>This Bitrix24 does not exist</h1>", 404)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{renamed.url}{request.url.path}{query}", 302)
