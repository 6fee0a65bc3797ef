"""A day in the life of the application, with a bit of everything that is counted."""

from contextlib import suppress

from django.core.cache import cache

from portals.bitrix24.errors import Bitrix24Error, Unreachable
from portals.models import Portal, PortalToken
from portals.outgoing import breaker
from portals.outgoing.limits import Plan, PortalGate
from portals.tokens import pairs
from tests.support.events import Events
from tests.support.opens import Opens, frame_data

ADMIN, PRIYA, TOMAS, LUCIA, MEI = 1, 3, 4, 5, 7
CHAT = "chat22"


def live(opens: Opens, events: Events) -> None:
    """From the install to the uninstall of one portal, with trouble in between."""
    assert opens.install().status_code == 200
    opens.emulator.control.install_finish("alpha")
    events.deliver("ONAPPINSTALL")
    _opens(opens)
    opens.application("alpha", ADMIN)
    _tokens(opens)
    _load()
    events.post(events.sent("ONAPPINSTALL"), auth__access_token=None)
    opens.emulator.control.uninstall("alpha")
    events.deliver("ONAPPUNINSTALL")


def _opens(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    cold, _warm = opens.post(form), opens.post(form)
    opens.widget("alpha", MEI, CHAT)
    opens.widget("alpha", LUCIA, CHAT)
    api = opens.api(frame_data(cold)["session"])
    api.add("a note of the day")
    api.call("POST", "notes/", {"text": ""})
    opens.emulator.control.fault("alpha", "500")
    opens.widget("alpha", TOMAS, "chat24")  # which no colleague has opened
    opens.emulator.control.fault("alpha")


def _tokens(opens: Opens) -> None:
    token = PortalToken.objects.get()
    token = pairs.refresh(token.pk, spent_generation=token.generation)
    opens.emulator.control.fault("oauth", "500", times=1)
    with suppress(Bitrix24Error):
        pairs.refresh(token.pk, spent_generation=token.generation)
    pairs.make_due([Portal.objects.get()])


def _load() -> None:
    """A full bucket of one host, and another host that does not answer."""
    gate = PortalGate("full.example", Plan(6, 0.1), sleep=lambda _: None)
    for _ in range(8):
        with suppress(Bitrix24Error):
            gate.admit(["batch"])
    for _ in range(breaker.THRESHOLD):
        with suppress(Bitrix24Error), breaker.guard("silent.example"):
            raise Unreachable()
    cache.delete_many(["metrics:portals", "metrics:tokens"])
