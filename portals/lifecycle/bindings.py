"""What we want bound on a portal, and the reconcile that brings a portal there.

Placements and kinds of events are declared in a file each; here is what they come to.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from portals.bitrix24.errors import Bitrix24Error, CoreFailure
from portals.bitrix24.handlers import Bindable, Difference, EventHandler, Handler, difference
from portals.bitrix24.placements import BoundPlacement, bound_placements
from portals.bitrix24.rest import Batches, BatchResult, Command
from portals.lifecycle import placements
from portals.lifecycle.placements import SidebarSettings
from portals.tokens.pairs import NoToken, RefreshPending

# The part of a batch that reads what is bound; `present` understands its answers.
COMMANDS: Mapping[str, Command] = {"placements": ("placement.get", {}), "events": ("event.get", {})}
_READERS: Final[Mapping[str, Callable[[object], Iterable[Handler]]]] = {
    "placements": bound_placements,
    "events": EventHandler.all_from,
}
_BINDERS: Final = {"placements": "placement.bind", "events": "event.bind"}
_NO_METHOD: Final = "error_method_not_found"
# How a portal says that it is too old to know what we want to bind.
_NOT_KNOWN: Final = frozenset({"error_placement_not_found", "error_event_not_found", _NO_METHOD})
_CHANGE: Final = "change"


class BindingFailed(Exception):
    """The portal did not end up with the handlers we want; ``code`` is its error code, if it gave one.

    ``reason`` is what people are told, see `refusals`.
    """

    reason = "binding_failed"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PortalTooOld(BindingFailed):
    """This portal does not know the place that the application is for."""

    reason = "portal_too_old"


_event_codes: Callable[[], Iterable[str]] = tuple


def bind_events(codes: Callable[[], Iterable[str]]) -> None:
    """Let the room above say which events every portal should send us."""
    global _event_codes  # noqa: PLW0603 - set once, when the application starts
    _event_codes = codes


def wanted(sidebar: SidebarSettings) -> list[Bindable]:
    """The handlers a portal with these settings should have."""
    pages = urljoin(settings.PUBLIC_URL, reverse("widget"))
    events = urljoin(settings.PUBLIC_URL, reverse("events"))
    bound = [placement.bind(sidebar, pages) for placement in placements.registered()]
    return [*bound, *(EventHandler(code, events) for code in _event_codes())]


def declaration_digest() -> str:
    """Changes with `PUBLIC_URL` and with every change of what is declared: portals then need a reconcile."""
    declared = [handler.bind() for handler in wanted(SidebarSettings())]
    return hashlib.sha256(repr(declared).encode()).hexdigest()


def present(answers: BatchResult) -> list[Handler]:
    """What a portal has bound, from the answers to `COMMANDS`. Raises: Bitrix24Error.

    One that has no method to tell is taken to have our placements with options we do not know.
    """
    found: list[Handler] = []
    for key, read in _READERS.items():
        if not _untold(answers, key):
            found += read(answers[key])
    if _untold(answers, "placements"):
        ours = (handler for handler in wanted(SidebarSettings()) if _is("placements", handler))
        found += [BoundPlacement(*handler.address) for handler in ours]
    return found


def reconcile(
    client: Batches, bound: Sequence[Handler], sidebar: SidebarSettings, *, attempts: int = 2
) -> list[str]:
    """Bind what is missing and unbind what is stale, in one batch that also reads the outcome back.

    ``bound`` is what `present` found. Running twice, or at once with a rival, ends in the same state: while the
    outcome is not the wanted one the difference is computed anew, ``attempts`` times at most. Returns the names of
    what this portal is too old to know and does without; what was refused is left as it was before.
    Raises: BindingFailed; Bitrix24Error if the batch as a whole failed.
    """
    before, missing, failure = bound, set[str](), ""
    for _ in range(attempts):
        change = _change(sidebar, bound, missing)
        if not change or _too_old(missing):
            break
        result = client.batch({**change.commands(_CHANGE), **COMMANDS})
        missing |= _not_known(change, result)
        bound = _outcome(change, result)
        failure = _failure(result.errors) or failure
    if _too_old(missing):
        _undo(client, before, bound)
        raise PortalTooOld("portal_too_old")
    if _change(sidebar, bound, missing):
        if failure:
            _undo(client, before, bound)
        raise BindingFailed(failure or "not_bound")
    return sorted(missing)


def _change(sidebar: SidebarSettings, bound: Iterable[Handler], missing: set[str]) -> Difference:
    return difference([handler for handler in wanted(sidebar) if handler.address[0] not in missing], bound)


def _too_old(missing: set[str]) -> bool:
    return any(placement.essential and placement.code in missing for placement in placements.registered())


def _not_known(change: Difference, result: BatchResult) -> set[str]:
    """Names of placements, events and methods."""
    handlers = {
        handler.address[0]
        for handler, error in change.outcomes(_CHANGE, result.errors)
        if error is not None and error.code in _NOT_KNOWN
    }
    return handlers | {COMMANDS[key][0] for key in COMMANDS if _untold(result, key)}


def _outcome(change: Difference, result: BatchResult) -> list[Handler]:
    """What is bound after a change: as read back, or where a portal cannot tell, as it took what we bound."""
    untold = [key for key in COMMANDS if _untold(result, key)]
    found: list[Handler] = [
        handler
        for handler, error in change.outcomes(_CHANGE, result.errors)
        if isinstance(error, CoreFailure | None) and any(_is(key, handler) for key in untold)
    ]
    for key, read in _READERS.items():
        if key not in untold:
            found += read(result[key])
    return found


def _undo(client: Batches, before: Iterable[Handler], now: Iterable[Handler]) -> None:
    """Who is told that nothing was stored finds nothing changed on the portal either, as far as it can be."""
    back = difference([handler for handler in before if isinstance(handler, Bindable)], now)
    if back:
        with suppress(Bitrix24Error, NoToken, RefreshPending):
            client.batch(back.commands("undo"))


def _untold(answers: BatchResult, key: str) -> bool:
    error = answers.errors.get(key)
    return error is not None and error.code == _NO_METHOD


def _is(key: str, handler: Bindable) -> bool:
    return handler.bind()[0] == _BINDERS[key]


def _failure(errors: Mapping[str, Bitrix24Error]) -> str | None:
    # CoreFailure is what "already bound" and "a rival is binding it" look like: the outcome decides about those.
    refusals = (error.code for error in errors.values() if not isinstance(error, CoreFailure))
    return next((code for code in refusals if code not in _NOT_KNOWN), None)
