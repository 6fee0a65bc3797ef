"""People of the chat: live, from the portal, under the viewer's own rights."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(
    name="people",
    title=_("People"),
    template="widget/cards/people.html",
    order=20,
    icon="icon-people",
    module="widget/cards/people.js",
    scopes=frozenset({"im"}),
)
