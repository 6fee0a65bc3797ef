"""Which events we understand. A new one is one new file in `kinds`: found by itself, and bound by the reconcile."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import ClassVar

from portals.bitrix24.payloads import EventRequest
from portals.models import Portal, PortalEvent


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event ended: a status of `PortalEvent`, and a reason code for logs and operators."""

    status: PortalEvent.Status
    reason: str = ""


DONE = Outcome(PortalEvent.Status.DONE)


def ignored(reason: str) -> Outcome:
    """Nothing was to do; ``reason`` says why."""
    return Outcome(PortalEvent.Status.IGNORED, reason)


class EventRefused(Exception):
    """The event is not believed: at the door ``http_status`` is the answer, later ``reason`` the outcome."""

    def __init__(self, reason: str, http_status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.http_status = http_status


class TryLater(Exception):
    """It failed for now. ``at_least``: seconds before which another attempt is of no use."""

    def __init__(self, reason: str, at_least: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at_least = at_least


class LookAgain(Exception):
    """Nothing failed, but the answer may be another one in ``seconds``; no attempt is spent."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds


class EventKind(ABC):
    """One kind of event. Subclasses set ``code``; both methods must be safe to run twice."""

    code: ClassVar[str]
    # Whether its tokens are kept (encrypted, until the outcome) because `process` proves the event by them.
    keeps_credentials: ClassVar[bool] = False
    # Whether nothing but these tokens proves it.
    needs_credentials: ClassVar[bool] = False
    # How many of a portal may wait at once from one sender: nobody can fill the room of others.
    most_waiting: ClassVar[int] = 20

    def gist(self, data: Mapping[str, object]) -> Mapping[str, object] | None:
        """All that `process` reads of an event, if that is so little that two which agree in it are one.

        None: each counts for itself, by its tokens for instance.
        """
        return None

    @abstractmethod
    def authenticate(self, event: EventRequest, portal: Portal | None) -> None:
        """Decide at the door, without any call outward, whether to accept. Raises: EventRefused."""

    @abstractmethod
    def process(self, event: PortalEvent) -> Outcome:
        """Do what the event asks for.

        Raises: EventRefused, TryLater, LookAgain, Bitrix24Error and what services raise.
        """

    def give_up(self, event: PortalEvent) -> None:  # noqa: B027 - most kinds have nothing to do
        """It failed too often and is not processed again: what must not be forgotten is done here, maybe twice."""


_KINDS: dict[str, EventKind] = {}


def register(kind: type[EventKind]) -> type[EventKind]:
    """Class decorator: announce a kind."""
    _KINDS[kind.code] = kind()
    return kind


def load() -> None:
    """Import every file of `kinds`."""
    package = import_module("portals.incoming.events.kinds")
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)


def find(code: str) -> EventKind | None:
    """The kind of an event code."""
    return _KINDS.get(code)


def bound_codes() -> list[str]:
    """Events that every portal should send us, in a fixed order."""
    return sorted(_KINDS)


def proved_by_credentials() -> list[str]:
    """Events that cannot be processed without the tokens that came with them."""
    return [code for code in bound_codes() if _KINDS[code].needs_credentials]
