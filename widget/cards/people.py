"""People of the chat: live, from the portal, under the viewer's own rights."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(
    name="people",
    title=_("People"),
    icon=(
        "M9.5 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM3.5 19c.6-3.4 2.8-5 6-5s5.4 1.6 6 5"
        "M15.5 5.3a3.4 3.4 0 0 1 0 6.4M17.3 14.6c1.8.7 2.9 2.1 3.2 4.4"
    ),
    order=20,
    live=True,
    scopes=frozenset({"im"}),
)
