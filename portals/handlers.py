"""What we want bound on a portal, and the reconcile that brings a portal there.

The one place that declares handlers: the item in the sidebar of chats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, override

from portals.bitrix24.errors import Bitrix24Error, CoreFailure
from portals.bitrix24.handlers import difference
from portals.bitrix24.languages import LANGUAGES
from portals.bitrix24.placements import Color, Context, Role, SidebarPlacement, bound_placements
from portals.bitrix24.rest import Batches

TITLE = gettext_noop("Notebook")
ICON = "fa-sticky-note-o"


@dataclass(frozen=True, slots=True)
class SidebarSettings:
    """In which chats and for whom a portal's administrators want the item (`Portal.placement_settings`)."""

    context: frozenset[Context] = frozenset({Context.ALL})
    role: Role = Role.USER
    extranet: bool = False
    color: Color = Color.AZURE

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Read ``placement_settings``; what is not there has its default. Raises: ValueError."""
        defaults = cls()
        return cls(
            context=frozenset(Context(name) for name in stored.get("context", defaults.context)),
            role=Role(stored.get("role", defaults.role)),
            extranet=bool(stored.get("extranet", defaults.extranet)),
            color=Color(stored.get("color", defaults.color)),
        )


class BindingFailed(Exception):
    """The portal did not end up with the handlers we want; ``code`` is its error code, if it gave one."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def wanted(sidebar: SidebarSettings) -> list[SidebarPlacement]:
    """The placements a portal with these settings should have."""
    return [
        SidebarPlacement(
            handler=urljoin(settings.PUBLIC_URL, reverse("widget")),
            icon_name=ICON,
            lang_all=_titles(),
            context=sidebar.context,
            role=sidebar.role,
            extranet=sidebar.extranet,
            color=sidebar.color,
        )
    ]


@cache
def _titles() -> dict[str, str]:
    titles = {}
    for code, language in LANGUAGES.items():
        with override(language.django):
            titles[code] = gettext(TITLE)
    return titles


def reconcile(client: Batches, bound: object, sidebar: SidebarSettings, *, attempts: int = 2) -> None:
    """Bind what is missing and unbind what is stale, in one batch that also reads the outcome back.

    ``bound`` is the answer of ``placement.get``. Running twice, or at once with a rival, ends in the same state:
    while the outcome is not the wanted one the difference is computed anew, ``attempts`` times at most.
    Raises: BindingFailed; Bitrix24Error if the batch as a whole failed.
    """
    failure = "not_bound"
    for _ in range(attempts):
        change = difference(wanted(sidebar), bound_placements(bound))
        if not change:
            return
        result = client.batch({**change.commands("change"), "after": ("placement.get", {})})
        bound = result["after"]
        failure = _failure(result.errors) or failure
    if difference(wanted(sidebar), bound_placements(bound)):
        raise BindingFailed(failure)


def _failure(errors: Mapping[str, Bitrix24Error]) -> str | None:
    # CoreFailure is what "already bound" and "a rival is binding it" look like: the outcome decides about those.
    return next((error.code for error in errors.values() if not isinstance(error, CoreFailure)), None)
