"""What a card is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise

from widget.access import Access

Data = Mapping[str, object]


def _nothing(_: Access) -> Data:
    return {}


@dataclass(frozen=True, slots=True)
class Card:
    """One block of the sidebar; ``name`` is also the name of its files.

    ``icon`` is the path of a stroked 24 x 24 SVG. A ``pinned`` card stands above all others, not under a tab of its
    own. The module of a ``live`` card is imported when the card is first shown. ``scopes`` are what its calls need:
    where the portal did not grant them the card explains itself. ``data`` is what its template sees as
    ``shown.data``; None keeps the card away from a chat. Pages are kept for everybody who gets the same ``data``:
    the template shows nothing else of the viewer.
    """

    name: str
    title: str | Promise
    icon: str
    order: int
    live: bool = False
    pinned: bool = False
    scopes: frozenset[str] = frozenset()
    data: Callable[[Access], Data | None] = _nothing

    @property
    def template(self) -> str:
        return f"widget/cards/{self.name}.html"

    @property
    def module(self) -> str:
        """The static file of a live card."""
        return f"widget/cards/{self.name}.js"


@dataclass(frozen=True, slots=True)
class ChatCard:
    """A card in one chat: what the templates get. ``missing`` are scopes that were not granted."""

    card: Card
    data: Data
    missing: list[str]

    @property
    def key(self) -> str:
        """The same wherever the card looks the same, but for its language."""
        data = {name: str(value) for name, value in self.data.items()}
        return f"{self.card.name} {self.missing} {data}"
