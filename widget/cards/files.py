"""Files of the chat's folder: live, from the portal, under the viewer's own rights."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(
    name="files",
    title=_("Files"),
    icon="M4 7.5a2 2 0 0 1 2-2h3.6l2 2.3H18a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2z",
    order=30,
    live=True,
    scopes=frozenset({"im", "disk"}),
)
