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

    ``name`` is also that of its template in templates/widget/cards/ and, if it is ``live``, of its script in
    widget/static/widget/cards/, which is imported when the card is first shown. ``icon`` is the id of a symbol in
    widget/cards/icons.html. ``pinned`` cards stand above all others instead of under a tab of their own. ``scopes``
    are what its calls need: where the portal did not grant them the card explains itself. ``data`` is what its
    template sees as ``shown.data``; None keeps it away from a chat.
    """

    name: str
    title: str | Promise
    order: int
    icon: str
    live: bool = False
    scopes: frozenset[str] = frozenset()
    pinned: bool = False
    data: Callable[[Place], dict[str, object] | None] = _nothing

    @property
    def template(self) -> str:
        return f"widget/cards/{self.name}.html"

    @property
    def module(self) -> str:
        """The bundled script of a live card, as a static file."""
        return f"widget/dist/card-{self.name}.js"


@dataclass(frozen=True, slots=True)
class Shown:
    """A card in one chat: what the templates get."""

    card: Card
    data: dict[str, object]
    missing: list[str]
