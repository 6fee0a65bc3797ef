"""The CRM entity a chat belongs to. ``im.dialog.get`` names it, so no CRM scope is needed and none is asked for."""

import re

from django.utils.translation import gettext_lazy as _

from widget.access import Access
from widget.cards.card import Card, Data

# Bitrix24 REST docs, "im.dialog.get": entity_type CRM, entity_id "DEAL|15"; smart processes are DYNAMIC_<type>.
_ENTITY = re.compile(r"CRM:(DEAL|LEAD|CONTACT|COMPANY|DYNAMIC_([1-9][0-9]{0,9}))\|([1-9][0-9]{0,17})")
_TITLES = {"DEAL": _("Deal"), "LEAD": _("Lead"), "CONTACT": _("Contact"), "COMPANY": _("Company")}


def entity(granted: Access) -> Data | None:
    """``title``, ``number``, ``path`` and ``url`` of the linked entity, None when we can name none."""
    match = _ENTITY.fullmatch(granted.rights.entity.upper())
    if match is None:
        return None
    kind, smart_type, number = match.groups()
    folder = f"type/{smart_type}" if smart_type else kind.lower()
    path = f"/crm/{folder}/details/{number}/"
    return {
        "title": _TITLES.get(kind, _("CRM item")),
        "number": number,
        "path": path,
        "url": f"{granted.portal.origin}{path}",
    }


CARD = Card(
    name="crm",
    title=_("CRM"),
    icon=(
        "M5 8.5h14v9a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 17.5zM9 8.5V6.8A1.8 1.8 0 0 1 10.8 5h2.4"
        "A1.8 1.8 0 0 1 15 6.8v1.7M5 13h14"
    ),
    order=5,
    pinned=True,
    data=entity,
)
