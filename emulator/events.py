"""Events: what is sent to an application, and the courier that carries it (REST docs: "Events")."""

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import requests

from emulator.installations import EventBinding, Installation
from emulator.recorder import Recorder
from emulator.state import ACCESS_LIFETIME, Delivery, Portal, World

APPLICATION_EVENTS = (
    "ONAPPINSTALL",
    "ONAPPUNINSTALL",
    "ONAPPUPDATE",
    "ONAPPPAYMENT",
    "ONAPPMETHODCONFIRM",
    "ONAPPTEST",
)
WITH_REFRESH_TOKEN = {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPTEST"}
WITHOUT_TOKENS = {"ONAPPUNINSTALL", "ONAPPPAYMENT"}
WITHOUT_APPLICATION_TOKEN = {"ONAPPPAYMENT"}
DELIVERY_TIMEOUT = 30


def handlers_for(world: World, installation: Installation, event: str) -> list[EventBinding]:
    """Handlers of an event: those bound by REST, then the one of the application card."""
    bound = [binding for binding in installation.events if binding.event == event and not binding.offline]
    card_url = world.applications[installation.client_id].event_url
    if card_url and card_url not in [binding.handler for binding in bound]:
        bound.append(card_handler(event, card_url))
    return bound


def card_handler(event: str, url: str) -> EventBinding:
    """The handler an application card names; it has no row of its own."""
    return EventBinding(id=0, event=event, handler=url, user_id=0)


def emit(
    world: World,
    portal: Portal,
    installation: Installation,
    event: str,
    data: Mapping[str, str | Mapping[str, str]],
    *,
    user_id: int,
    handlers: Iterable[EventBinding] | None = None,
) -> None:
    """Queue an event for every handler of it (or for the `handlers` given), if the application is installed.

    Until its installer has finished nothing is sent (portal source: rest/lib/event/callback.php, May 2026).
    """
    if not installation.installed:
        return
    targets = handlers_for(world, installation, event) if handlers is None else handlers
    for binding in targets:
        fields = [
            ("event", event),
            ("event_handler_id", str(binding.id)),
            *_data_fields(data),
            ("ts", str(int(world.clock.now()))),
            *(
                (f"auth[{name}]", value)
                for name, value in _auth(
                    world, portal, installation, event, binding.auth_type or user_id
                ).items()
            ),
        ]
        world.outbox.put_nowait(Delivery(portal.key, event, binding.handler, fields))


def _data_fields(data: Mapping[str, str | Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if isinstance(value, str):
            yield f"data[{name}]", value
        else:
            yield from ((f"data[{name}][{key}]", item) for key, item in value.items())


def _auth(
    world: World, portal: Portal, installation: Installation, event: str, user_id: int
) -> dict[str, str]:
    auth: dict[str, str] = {}
    if event not in WITHOUT_TOKENS and user_id:
        token = world.issue_token(portal, user_id, installation.client_id)
        auth |= {
            "access_token": token.access_token,
            "expires": str(int(token.expires)),
            "expires_in": str(ACCESS_LIFETIME),
            "scope": _scope_as_printed(portal, event, token.scope),
            "status": installation.status,
            "user_id": str(user_id),
        }
        if event in WITH_REFRESH_TOKEN:
            auth["refresh_token"] = token.refresh_token
    auth |= {
        "domain": portal.domain,
        "server_endpoint": world.server_endpoint(portal),
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
    }
    if event not in WITHOUT_APPLICATION_TOKEN:
        auth["application_token"] = installation.application_token
    return auth


def _scope_as_printed(portal: Portal, event: str, scope: str) -> str:
    """Commas, but the documentation of the install events shows spaces: old portals print those."""
    spaced = portal.generation == "old" and event in {"ONAPPINSTALL", "ONAPPUPDATE"}
    return scope.replace(",", " ") if spaced else scope


class Courier:
    """Takes deliveries from the outbox and posts each once; no answer is ever retried."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self.world = world
        self.recorder = recorder
        self._held: list[Delivery] = []
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve the outbox until cancelled."""
        while True:
            self.accept(await self.world.outbox.get())

    def accept(self, delivery: Delivery) -> None:
        """Apply the portal's switches to one delivery and start it."""
        portal = self.world.portals.get(delivery.portal_key)
        if portal is None or portal.event_switches.lost:
            return
        if portal.event_switches.held:
            self._held.append(delivery)
            return
        for _ in range(2 if portal.event_switches.doubled else 1):
            task = asyncio.create_task(self._deliver(delivery, portal.event_switches.delay_ms / 1000))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def release(self, portal: Portal) -> None:
        """Send what was held while the portal's events were switched to `held`."""
        waiting, self._held = self._held, []
        for delivery in waiting:
            if delivery.portal_key == portal.key:
                self.accept(delivery)
            else:
                self._held.append(delivery)

    async def _deliver(self, delivery: Delivery, delay: float) -> None:
        await asyncio.sleep(delay)
        status = await _post_in_thread(delivery)
        self.recorder.add(
            at=self.world.clock.now(),
            kind="event_out",
            portal=delivery.portal_key,
            method=delivery.event,
            http="POST",
            host=urlsplit(delivery.url).netloc,
            path=delivery.url,
            params=dict(delivery.fields),
            status=status,
        )


async def _post_in_thread(delivery: Delivery) -> int:
    """`_post` without holding up the loop; a thread of its own lets the process end while a handler hangs."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    def work() -> None:
        status = _post(delivery)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(done.set_result, status)

    threading.Thread(target=work, daemon=True).start()
    return await done


def _post(delivery: Delivery) -> int:
    """The handler's HTTP status, 0 when it could not be reached."""
    try:
        answer = requests.post(
            delivery.url, data=delivery.fields, timeout=DELIVERY_TIMEOUT, allow_redirects=False
        )
    except requests.RequestException:
        return 0
    return answer.status_code
