"""Command line: `python -m emulator`."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from emulator.running import Emulator
from emulator.seed import CLIENT_ID, CLIENT_SECRET, SeedSettings, demo_world
from emulator.server import Ports
from emulator.state import World
from emulator.store import load

HOST = "127.0.0.1"


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line; port 0 means a free one."""
    parser = argparse.ArgumentParser(prog="emulator", description="An emulated Bitrix24.")
    parser.add_argument("--oauth-port", type=int, action="append", help="one for each authorization server")
    parser.add_argument("--portal-port", type=int, action="append")
    parser.add_argument("--spare-port", type=int, action="append", default=[])
    parser.add_argument("--state", type=Path, help="file in which the world survives a restart")
    parser.add_argument("--app-url", default="http://127.0.0.1:8000")
    parser.add_argument("--client-id", default=os.environ.get("BITRIX24_CLIENT_ID") or CLIENT_ID)
    parser.add_argument("--client-secret", default=os.environ.get("BITRIX24_CLIENT_SECRET") or CLIENT_SECRET)
    parser.add_argument("--ready-file", type=Path, help="JSON with the addresses, written when ready")
    options = parser.parse_args(argv)
    options.oauth_port = options.oauth_port or [9000]
    options.portal_port = options.portal_port or [9001, 9002]
    return options


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback address. Raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def port_of(listener: socket.socket) -> int:
    """The port a socket is bound to."""
    port: int = listener.getsockname()[1]
    return port


def make_world(options: argparse.Namespace, oauth_ports: list[int], portal_ports: list[int]) -> World:
    """The saved world on the ports of today, or a fresh one.

    Cards of the applications follow the command line, as they would follow the vendor's cabinet.
    """
    settings = SeedSettings(options.app_url.rstrip("/"), options.client_id, options.client_secret)
    fresh = demo_world(settings, oauth_ports, portal_ports)
    world = saved_world(options.state) if options.state else None
    if world is None:
        return fresh
    world.oauth_ports, world.ports, world.moved = oauth_ports, {}, {}
    for application in fresh.applications.values():
        known = world.applications.get(application.client_id)
        application.version = known.version if known else application.version
    world.applications = fresh.applications | {
        client_id: card
        for client_id, card in world.applications.items()
        if client_id not in fresh.applications
    }
    known_portals = [portal for portal in world.portals.values() if not portal.paper]
    new_portals = list(fresh.portals.values())[len(known_portals) :]
    for portal, port in zip([*known_portals, *new_portals], portal_ports, strict=False):
        world.portals[portal.key] = portal
        world.serve(portal, port)
    return world


def saved_world(path: Path) -> World | None:
    """The world of a state file; None without one. An unreadable file is set aside, with a word about it."""
    if not path.exists():
        return None
    try:
        return load(path)
    except (ValueError, KeyError, TypeError) as error:
        aside = path.replace(path.with_suffix(".unreadable"))
        sys.stderr.write(f"emulator: {path} does not fit this version ({error!r}), kept as {aside}\n")
        return None


def addresses(emulator: Emulator) -> dict[str, Any]:
    """What the ready file says."""
    world = emulator.world
    return {
        "oauth": world.oauth_urls,
        "control": f"{world.oauth_urls[0]}/_control/",
        "portals": [
            {"key": portal.key, "url": portal.url, "member_id": portal.member_id, "title": portal.title}
            for portal in world.portals.values()
            if portal.key in world.ports.values()
        ],
        "spare": [f"http://localhost:{port}" for port in emulator.spare_ports],
    }


class Server(uvicorn.Server):
    """Announces the addresses once it accepts requests, and leaves signals to the loop.

    The latter lets the world be saved before the process ends.
    """

    def __init__(self, config: uvicorn.Config, emulator: Emulator, ready_file: Path | None) -> None:
        super().__init__(config)
        self.emulator = emulator
        self.ready_file = ready_file

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        announce(self.emulator, self.ready_file)


def announce(emulator: Emulator, ready_file: Path | None) -> None:
    """Print the addresses and write the ready file, at once and whole."""
    found = addresses(emulator)
    lines = [f"authorization server  {url}" for url in found["oauth"]]
    lines += [f"{portal['title']:<20}  {portal['url']}" for portal in found["portals"]]
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()
    if ready_file:
        draft = ready_file.with_suffix(".tmp")
        draft.write_text(json.dumps(found), encoding="utf-8")
        draft.replace(ready_file)


async def serve(options: argparse.Namespace) -> None:
    """Run until a signal comes. Raises OSError when a port is taken."""
    oauth = [listen(port) for port in options.oauth_port]
    portals = [listen(port) for port in options.portal_port]
    spares = [listen(port) for port in options.spare_port]
    portal_ports = [port_of(listener) for listener in portals]
    world = make_world(options, [port_of(listener) for listener in oauth], portal_ports)
    emulator = Emulator(
        world,
        SeedSettings(options.app_url.rstrip("/"), options.client_id, options.client_secret),
        portal_ports=portal_ports,
        spare_ports=[port_of(listener) for listener in spares],
        state_file=options.state,
    )
    config = uvicorn.Config(
        Ports(emulator), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
    )
    emulator.start()
    try:
        await Server(config, emulator, options.ready_file).serve(sockets=[*oauth, *portals, *spares])
    finally:
        emulator.stop()


def main() -> int:
    """Exit status 0 after a signal, 2 when a port is taken."""
    options = arguments(sys.argv[1:])
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(options))
    except OSError as error:
        sys.stderr.write(f"emulator: cannot listen: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
