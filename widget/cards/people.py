"""People of the chat: live, from the portal, under the viewer's own rights."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(
    name="people",
    title=_("People"),
    order=20,
    icon="icon-people",
    live=True,
    scopes=frozenset({"im"}),
)
