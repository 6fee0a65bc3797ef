"""Finds the cards: every module of this package that has a ``CARD``."""

from importlib import import_module
from pkgutil import iter_modules

import widget.cards
from widget.cards.card import Card, Place, Shown


def cards() -> list[Card]:
    """All cards, in the order in which they are shown."""
    modules = (
        import_module(f"widget.cards.{info.name}")
        for info in iter_modules(widget.cards.__path__)
        if info.name not in ("card", "registry")
    )
    return sorted((module.CARD for module in modules), key=lambda card: card.order)


def shown(place: Place) -> list[Shown]:
    """The cards that have a place in this chat."""
    found = []
    for card in cards():
        data = card.data(place)
        if data is not None:
            found.append(Shown(card, data, sorted(card.scopes - set(place.portal.scope))))
    return found
