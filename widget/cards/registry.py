"""Finds the cards: every module of this package that has a ``CARD``."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import widget.cards
from widget.access import Access
from widget.cards.card import Card, ChatCard


@cache
def cards() -> list[Card]:
    """All cards, in the order in which they are shown."""
    modules = (import_module(f"widget.cards.{info.name}") for info in iter_modules(widget.cards.__path__))
    return sorted((module.CARD for module in modules if hasattr(module, "CARD")), key=lambda card: card.order)


def shown(granted: Access) -> list[ChatCard]:
    """The cards that have a place in this chat."""
    found = ((card, card.data(granted)) for card in cards())
    return [
        ChatCard(card, data, sorted(card.scopes - set(granted.portal.scope)))
        for card, data in found
        if data is not None
    ]
