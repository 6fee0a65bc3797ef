"""Where in Bitrix24 we have a page. One file a placement: whoever has the page registers it, we bind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Self

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, override

from portals.bitrix24.handlers import Bindable
from portals.bitrix24.languages import LANGUAGES
from portals.bitrix24.payloads import OpenRequest
from portals.bitrix24.placements import Color, Context, Role


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


@dataclass(frozen=True, slots=True)
class Placement:
    """A place in Bitrix24, under its ``code``.

    ``bind`` makes what is bound there of a portal's settings and of the address of the handler; ``page`` answers
    its opens; ``scopes`` are what both need. A portal that is too old to know the place does without it, unless
    it is ``essential``.
    """

    code: str
    bind: Callable[[SidebarSettings, str], Bindable]
    page: Callable[[HttpRequest, OpenRequest], HttpResponse]
    scopes: frozenset[str] = frozenset({"placement"})
    essential: bool = False


_PLACEMENTS: dict[str, Placement] = {}


def register(package: str) -> None:
    """Announce the ``PLACEMENT`` of every module of a package."""
    for info in iter_modules(import_module(package).__path__, f"{package}."):
        placement = getattr(import_module(info.name), "PLACEMENT", None)
        if placement is not None:
            _PLACEMENTS[placement.code] = placement


def find(code: str, *, otherwise: str) -> Placement:
    """The placement of a code, or of the code ``otherwise``, which is registered."""
    return _PLACEMENTS.get(code) or _PLACEMENTS[otherwise]


def registered() -> list[Placement]:
    """All of them, in a fixed order."""
    return [_PLACEMENTS[code] for code in sorted(_PLACEMENTS)]


def scopes() -> frozenset[str]:
    """What a portal must have granted, or the application cannot serve it."""
    return frozenset().union(*(placement.scopes for placement in registered() if placement.essential))


@cache
def translated(text: str) -> Mapping[str, str]:
    """A text marked by ``gettext_noop``, by Bitrix24 language code."""
    titles = {}
    for code, language in LANGUAGES.items():
        with override(language.django):
            titles[code] = gettext(text)
    return titles
