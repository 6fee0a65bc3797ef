"""What we want bound on a portal, and the reconcile that brings a portal there.

The one place that declares handlers: the item in the sidebar of chats, the target of links to notes, and one
handler for each kind of event.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, override

from portals.bitrix24.errors import Bitrix24Error, CoreFailure
from portals.bitrix24.handlers import Bindable, Difference, EventHandler, Handler, difference
from portals.bitrix24.languages import LANGUAGES
from portals.bitrix24.placements import (
    Color,
    Context,
    LinkPlacement,
    Role,
    SidebarPlacement,
    bound_placements,
)
from portals.bitrix24.rest import Batches, BatchResult, Command
from portals.events import registry

TITLE = gettext_noop("Notebook")
ICON = "fa-sticky-note-o"


@dataclass(frozen=True, slots=True)
class SidebarSettings:
    """In which chats and for whom a portal's administrators want the item (`Portal.placement_settings`)."""

    context: frozenset[Context] = frozenset({Context.ALL})
    role: Role = Role.USER
    extranet: bool = False
    color: Color = Color.AZURE
    title: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Read ``placement_settings``; what is not there has its default. Raises: ValueError."""
        defaults = cls()
        return cls(
            context=frozenset(Context(name) for name in stored.get("context", defaults.context)),
            role=Role(stored.get("role", defaults.role)),
            extranet=bool(stored.get("extranet", defaults.extranet)),
            color=Color(stored.get("color", defaults.color)),
            title=str(stored.get("title", defaults.title)),
        )

    def stored(self) -> dict[str, Any]:
        """The form that `of` reads."""
        return {
            "context": [name.value for name in Context if name in self.context],
            "role": self.role.value,
            "extranet": self.extranet,
            "color": self.color.value,
            "title": self.title,
        }


class BindingFailed(Exception):
    """The portal did not end up with the handlers we want; ``code`` is its error code, if it gave one."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# The part of a batch that reads what is bound; `present` understands its answers.
COMMANDS: Mapping[str, Command] = {"placements": ("placement.get", {}), "events": ("event.get", {})}


def present(answers: BatchResult) -> list[Handler]:
    """What a portal has bound, from the answers to `COMMANDS`. Raises: Bitrix24Error."""
    return [*bound_placements(answers["placements"]), *EventHandler.all_from(answers["events"])]


def wanted(sidebar: SidebarSettings) -> list[Bindable]:
    """The handlers a portal with these settings should have."""
    address = urljoin(settings.PUBLIC_URL, reverse("events"))
    links = LinkPlacement(_widget(), "Chat Notebook")
    return [_item(sidebar), links, *(EventHandler(code, address) for code in registry.bound_codes())]


def declaration_digest() -> str:
    """Changes with `PUBLIC_URL` and with every change of what is declared here: portals then need a reconcile."""
    declared = [handler.bind() for handler in wanted(SidebarSettings())]
    return hashlib.sha256(repr(declared).encode()).hexdigest()


def _item(sidebar: SidebarSettings) -> SidebarPlacement:
    return SidebarPlacement(
        handler=_widget(),
        icon_name=ICON,
        title=sidebar.title,
        # A title of their own is the same in every language.
        lang_all={} if sidebar.title else _titles(),
        context=sidebar.context,
        role=sidebar.role,
        extranet=sidebar.extranet,
        color=sidebar.color,
    )


def _widget() -> str:
    address: str = urljoin(settings.PUBLIC_URL, reverse("widget"))
    return address


@cache
def _titles() -> dict[str, str]:
    titles = {}
    for code, language in LANGUAGES.items():
        with override(language.django):
            titles[code] = gettext(TITLE)
    return titles


def reconcile(
    client: Batches, bound: Sequence[Handler], sidebar: SidebarSettings, *, attempts: int = 2
) -> None:
    """Bind what is missing and unbind what is stale, in one batch that also reads the outcome back.

    ``bound`` is what `present` found. Running twice, or at once with a rival, ends in the same state: while the
    outcome is not the wanted one the difference is computed anew, ``attempts`` times at most.
    Raises: BindingFailed; Bitrix24Error if the batch as a whole failed.
    """
    failure = "not_bound"
    for _ in range(attempts):
        change = difference(wanted(sidebar), bound)
        if not change:
            return
        result = client.batch({**change.commands("change"), **COMMANDS})
        bound = present(result)
        failure = _failure(result.errors) or failure
        if _only_links(difference(wanted(sidebar), bound), failure):
            return
    if difference(wanted(sidebar), bound):
        raise BindingFailed(failure)


def _only_links(missing: Difference, failure: str) -> bool:
    """A portal that is too old to know links to applications does without them."""
    links = all(isinstance(handler, LinkPlacement) for handler in missing.bind)
    return links and not missing.unbind and failure == "error_placement_not_found"


def _failure(errors: Mapping[str, Bitrix24Error]) -> str | None:
    # CoreFailure is what "already bound" and "a rival is binding it" look like: the outcome decides about those.
    return next((error.code for error in errors.values() if not isinstance(error, CoreFailure)), None)
