"""Notes: ours, and on the page before any script runs."""

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card

CARD = Card(name="notes", title=_("Notes"), template="widget/notebook.html", order=10, icon="icon-notes")
