"""Notes: ours, and on the page before any script runs. Their template is the page's own, widget/notebook.html."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(
    name="notes",
    title=_("Notes"),
    icon="M7 4h10a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM9 9h6M9 12.5h6M9 16h3.5",
    order=10,
)
