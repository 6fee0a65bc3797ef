"""Events of the emulator, carried to our handler by hand: when, how often and in which order a test wants."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from portals.incoming.events import inbox, work
from portals.models import PortalEvent
from tests.support.emulator import Emulator

WAIT_SECONDS = 5.0
Fields = dict[str, str]


@dataclass
class Events:
    """What Bitrix24 sent, and our inbox."""

    emulator: Emulator
    client: Client

    def sent(self, code: str) -> Fields:
        """The newest event of a code that the emulator sent."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = [r["params"] for r in self.emulator.control.requests("event_out") if r["method"] == code]
            if found:
                fields: Fields = found[-1]
                return fields
            time.sleep(0.02)
        raise AssertionError(f"the emulator sent no {code}")

    def post(self, fields: Fields, **changed: str | None) -> Any:
        """Deliver; ``changed`` fields are forged (None removes one), brackets written as ``auth__member_id``."""
        names = {name: name.replace("__", "[", 1) + "]" if "__" in name else name for name in changed}
        form = {**fields, **{names[name]: value for name, value in changed.items()}}
        body = urlencode({name: value for name, value in form.items() if value is not None})
        return self.raw(body.encode())

    def raw(self, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> Any:
        """Deliver a body as it is."""
        return self.client.post("/events/", body, content_type=content_type)

    def work(self) -> None:
        """What the workers do with what is due."""
        while found := inbox.dispatchable():
            for event_id, attempts in found:
                work.process(event_id, attempts)

    def work_later(self) -> None:
        """The same, once every postponed event has become due and every lease has ended."""
        PortalEvent.objects.pending().update(due_at=timezone.now(), leased_until=None)
        self.work()

    def deliver(self, code: str) -> PortalEvent:
        """Deliver the newest event of a code, work it off and return it."""
        response = self.post(self.sent(code))
        assert response.status_code == 200, response.content
        self.work()
        return PortalEvent.objects.filter(event=code).latest("pk")
