"""A portal's handlers against those we want: asked of the portal when an operator wants to know."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict, cast

from django.core.cache import cache
from django.utils import timezone

from portals.bitrix24.handlers import Bindable, Handler, difference
from portals.lifecycle import bindings as handlers
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal
from portals.tokens.portal_client import PortalClient

_SECONDS: Final = 24 * 3600
# The portal is too old for it: nothing to bring right.
UNKNOWN: Final = "not known there"


class Binding(TypedDict):
    """A handler; ``state`` is wanted (nobody looked), bound, changed, missing, stale or `UNKNOWN`."""

    name: str
    url: str
    state: str


class Comparison(TypedDict):
    """What a portal had at a moment (ISO 8601)."""

    at: str
    bindings: list[Binding]


def wanted(portal: Portal) -> list[Binding]:
    """What the portal should have bound, without asking it."""
    missing = portal.handlers_missing
    return [
        _binding(handler, UNKNOWN if handler.address[0] in missing else "wanted")
        for handler in _wanted(portal)
    ]


def compare(portal: Portal) -> Comparison:
    """Ask the portal what it has bound. Raises: NoToken, RefreshPending, Bitrix24Error."""
    present = handlers.present(PortalClient(portal).batch(handlers.COMMANDS))
    bindings = list(_compared(_wanted(portal), present, portal.handlers_missing))
    comparison = Comparison(at=timezone.now().isoformat(), bindings=bindings)
    cache.set(_key(portal), comparison, timeout=_SECONDS)
    return comparison


def last(portal: Portal) -> Comparison | None:
    """The last comparison, unless handlers were bound since."""
    known = cast("Comparison | None", cache.get(_key(portal)))
    if known is None:
        return None
    bound_at = portal.handlers_tried_at
    return None if bound_at and bound_at > datetime.fromisoformat(known["at"]) else known


def _wanted(portal: Portal) -> list[Bindable]:
    return handlers.wanted(SidebarSettings.of(portal.placement_settings))


def differing(comparison: Comparison) -> int:
    """How many handlers a reconcile would bring right."""
    return sum(binding["state"] not in ("bound", UNKNOWN) for binding in comparison["bindings"])


def _compared(wanted: list[Bindable], present: list[Handler], missing: list[str]) -> Iterable[Binding]:
    change = difference(wanted, present)
    to_unbind = {handler.address for handler in change.unbind}
    to_bind = {handler.address for handler in change.bind}
    for handler in wanted:
        if handler.address not in to_bind:
            yield _binding(handler, "bound")
        elif handler.address in to_unbind:
            yield _binding(handler, "changed")
        else:
            yield _binding(handler, UNKNOWN if handler.address[0] in missing else "missing")
    for stale in change.unbind:
        if stale.address not in to_bind:
            yield _binding(stale, "stale")


def _binding(handler: Handler, state: str) -> Binding:
    name, url = handler.address
    return Binding(name=name, url=url, state=state)


def _key(portal: Portal) -> str:
    return f"bindings:{portal.pk}"
