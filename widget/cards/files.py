"""Files of the chat's folder: live, from the portal, under the viewer's own rights."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(
    name="files",
    title=_("Files"),
    template="widget/cards/files.html",
    order=30,
    icon="icon-files",
    module="widget/cards/files.js",
    scopes=frozenset({"im", "disk"}),
)
