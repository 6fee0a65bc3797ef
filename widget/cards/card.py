"""What a card is."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from portals.models import Portal
from widget.access import Proof


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card is shown: a portal and what was proved of the viewer and the chat."""

    portal: Portal
    proof: Proof


def _nothing(_: Place) -> dict[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Card:
    """One block of the sidebar.

    ``module`` is the static file of a live card, imported when the card is first shown; ``template`` its part of
    the page; ``icon`` the id of a symbol in widget/cards/icons.html. ``pinned`` cards stand above all others
    instead of under a tab of their own. ``scopes`` are what its calls need: where the portal did not grant them
    the card explains itself. ``data`` is what its template sees as ``shown.data``; None keeps it away from a chat.
    """

    name: str
    title: str | Promise
    template: str
    order: int
    icon: str = ""
    module: str = ""
    scopes: frozenset[str] = frozenset()
    pinned: bool = False
    data: Callable[[Place], dict[str, object] | None] = _nothing


@dataclass(frozen=True, slots=True)
class Shown:
    """A card in one chat: what the templates get."""

    card: Card
    data: dict[str, object]
    missing: list[str]
