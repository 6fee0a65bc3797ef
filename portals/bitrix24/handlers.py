"""What is bound on a portal against what we want bound. Bitrix24 knows no update: only unbind and bind."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, Self, runtime_checkable

from portals.bitrix24.addresses import parse_url
from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.payloads.fields import Reply
from portals.bitrix24.rest import Command

LONGEST_HANDLER: Final = 255
_EVENT: Final = re.compile(r"[A-Z0-9_]{1,64}")


class Handler(Protocol):
    """Something bound, or to be bound. Equal handlers need no change."""

    @property
    def address(self) -> tuple[str, str]:
        """Its identity on the portal: placement or event, and the handler's URL."""

    def unbind(self) -> Command:
        """The REST call that removes it."""


@runtime_checkable
class Bindable(Handler, Protocol):
    """A handler that can be bound too."""

    def bind(self) -> Command:
        """The REST call that binds it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What to do so that a portal has what is wanted: first unbind, then bind. False if nothing is to do."""

    bind: tuple[Bindable, ...]
    unbind: tuple[Handler, ...]

    def __bool__(self) -> bool:
        return bool(self.bind or self.unbind)

    def commands(self, prefix: str) -> dict[str, Command]:
        """Commands of a batch in their order, under keys that begin with ``prefix``."""
        calls = [handler.unbind() for handler in self.unbind] + [handler.bind() for handler in self.bind]
        return {f"{prefix}_{index}": call for index, call in enumerate(calls)}

    def outcomes(
        self, prefix: str, errors: Mapping[str, Bitrix24Error]
    ) -> Iterator[tuple[Bindable, Bitrix24Error | None]]:
        """What was to be bound, each with the error that the batch of `commands` had for it."""
        for index, handler in enumerate(self.bind, start=len(self.unbind)):
            yield handler, errors.get(f"{prefix}_{index}")


def difference(wanted: Iterable[Bindable], present: Iterable[Handler]) -> Difference:
    """Compare by identity and by value: a changed option means unbind and bind again.

    A portal allows an identity once; if it shows several all the same, unbinding removes them together.
    """
    by_address: dict[tuple[str, str], list[Handler]] = {}
    for handler in present:
        by_address.setdefault(handler.address, []).append(handler)
    missing: list[Bindable] = []
    for handler in wanted:
        if by_address.get(handler.address) == [handler]:
            del by_address[handler.address]
        else:
            missing.append(handler)
    return Difference(tuple(missing), tuple(handlers[0] for handlers in by_address.values()))


@dataclass(frozen=True, slots=True)
class EventHandler:
    """An online event handler. ``auth_type`` is the user whose token comes along, 0 for the acting one.

    Raises: ValueError for an event code or URL that Bitrix24 would refuse.
    Source: Bitrix24 REST docs, "event.bind", "event.unbind", "event.get".
    """

    event: str
    handler: str
    auth_type: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not _EVENT.fullmatch(self.event):
            raise ValueError("an event code is upper case")
        check_handler(self.handler)

    @property
    def address(self) -> tuple[str, str]:
        """Event and URL."""
        return self.event, self.handler

    def bind(self) -> Command:
        """The call of ``event.bind``."""
        return "event.bind", {"event": self.event, "handler": self.handler}

    def unbind(self) -> Command:
        """The call of ``event.unbind``."""
        call: dict[str, object] = {"event": self.event, "handler": self.handler}
        if self.auth_type:
            call["auth_type"] = self.auth_type
        return "event.unbind", call

    @classmethod
    def all_from(cls, result: object) -> list[Self]:
        """Our online handlers in an answer of ``event.get``; rows nobody can unbind by URL are left out."""
        found = []
        for row in rows(result):
            event, handler = row.text("event").upper(), row.text("handler")
            try:
                found.append(cls(event, handler, row.integer("auth_type") or 0))
            except ValueError:
                continue
        return found


def check_handler(url: str) -> None:
    """Raises: ValueError for a handler URL no portal takes; its host needs a dot, so not localhost."""
    if len(url) > LONGEST_HANDLER:
        raise ValueError(f"a handler URL has at most {LONGEST_HANDLER} characters")
    if "." not in parse_url(url).host:
        raise ValueError("the host of a handler URL has a dot")


def rows(result: object) -> list[Reply]:
    """The maps in an answer that is a list; PHP sends a list with gaps as a map."""
    values = result.values() if isinstance(result, Mapping) else result
    return [Reply.of(value) for value in values] if isinstance(values, Iterable) else []
