"""The running parts around one world: what answers, what sends, what saves."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from emulator.events import Courier
from emulator.limits import Limits
from emulator.oauth import OAuthServer
from emulator.recorder import Recorder
from emulator.rest.server import RestServer
from emulator.seed import SeedSettings
from emulator.state import World
from emulator.store import AutoSave, save


@dataclass
class Emulator:
    """A world and everything that holds on to it."""

    world: World
    seed: SeedSettings
    portal_ports: list[int]
    spare_ports: list[int]
    state_file: Path | None = None
    recorder: Recorder = field(default_factory=Recorder)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.assemble()

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
