"""The CRM entity a chat belongs to. ``im.dialog.get`` names it, so no CRM scope is needed and none is asked for."""

import re

from django.utils.translation import gettext_lazy as _

from widget.cards.card import Card, Place

# Bitrix24 REST docs, "im.dialog.get": entity_type CRM, entity_id "DEAL|15"; smart processes are DYNAMIC_<type>.
_ENTITY = re.compile(r"CRM:(DEAL|LEAD|CONTACT|COMPANY|DYNAMIC_([1-9][0-9]{0,9}))\|([1-9][0-9]{0,17})")
TITLES = {"DEAL": _("Deal"), "LEAD": _("Lead"), "CONTACT": _("Contact"), "COMPANY": _("Company")}


def entity(place: Place) -> dict[str, object] | None:
    """``title``, ``number``, ``path`` and ``url`` of the linked entity, None when we can name none."""
    match = _ENTITY.fullmatch(place.proof.entity.upper())
    if match is None:
        return None
    kind, smart_type, number = match.groups()
    folder = f"type/{smart_type}" if smart_type else kind.lower()
    path = f"/crm/{folder}/details/{number}/"
    return {
        "title": TITLES.get(kind, _("CRM item")),
        "number": number,
        "path": path,
        "url": f"{place.portal.origin}{path}",
    }


CARD = Card(
    name="crm",
    title=_("CRM"),
    template="widget/cards/crm.html",
    order=5,
    icon="icon-crm",
    module="widget/cards/crm.js",
    pinned=True,
    data=entity,
)
