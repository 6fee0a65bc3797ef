"""Where Bitrix24 shows us: the item in the sidebar of chats (``IM_SIDEBAR``) and our links (``REST_APP_URI``)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlencode

from portals.bitrix24.errors import BadAnswer
from portals.bitrix24.handlers import check_handler, rows
from portals.bitrix24.payloads.fields import Reply
from portals.bitrix24.rest import Command

IM_SIDEBAR: Final = "IM_SIDEBAR"
REST_APP_URI: Final = "REST_APP_URI"
_LONGEST_TITLE: Final = 255
_ICON: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 -]{1,50}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")


class Context(StrEnum):
    """In which chats the item appears. USER is private chats, CHAT groups that are not LINES or CRM."""

    ALL = "ALL"
    USER = "USER"
    CHAT = "CHAT"
    LINES = "LINES"
    CRM = "CRM"


class Role(StrEnum):
    """Who sees the item: everybody or administrators."""

    USER = "USER"
    ADMIN = "ADMIN"


class Color(StrEnum):
    """Colour of the icon; NONE lets the portal choose."""

    NONE = ""
    RED = "RED"
    GREEN = "GREEN"
    MINT = "MINT"
    LIGHT_BLUE = "LIGHT_BLUE"
    DARK_BLUE = "DARK_BLUE"
    PURPLE = "PURPLE"
    AQUA = "AQUA"
    PINK = "PINK"
    LIME = "LIME"
    BROWN = "BROWN"
    AZURE = "AZURE"
    KHAKI = "KHAKI"
    SAND = "SAND"
    ORANGE = "ORANGE"
    MARENGO = "MARENGO"
    GRAY = "GRAY"
    GRAPHITE = "GRAPHITE"


@dataclass(frozen=True, slots=True)
class BoundPlacement:
    """A binding we have no value for, such as one of an older version of ours: good for unbinding only."""

    placement: str
    handler: str

    @property
    def address(self) -> tuple[str, str]:
        """Placement and URL."""
        return self.placement, self.handler

    def unbind(self) -> Command:
        """The call of ``placement.unbind``; without the URL it would remove all."""
        return "placement.unbind", {"PLACEMENT": self.placement, "HANDLER": self.handler}


@dataclass(frozen=True, slots=True)
class SidebarPlacement:
    """The sidebar item as Bitrix24 takes it, checked before sending.

    ``lang_all`` maps Bitrix24 language codes to titles and wins over ``title``, as on the portal;
    ``icon_name`` is a Font Awesome 4 name. ``context`` with ALL is just ALL. All of it steers what Bitrix24
    shows and nothing else.
    Raises: ValueError for a value Bitrix24 would refuse.
    Source: Bitrix24 REST docs, "placement.bind" and "IM_SIDEBAR".
    """

    handler: str
    icon_name: str
    title: str = ""
    lang_all: Mapping[str, str] = field(default_factory=dict, hash=False)
    context: frozenset[Context] = frozenset({Context.ALL})
    role: Role = Role.USER
    extranet: bool = False
    color: Color = Color.NONE

    def __post_init__(self) -> None:
        check_handler(self.handler)
        if not _ICON.fullmatch(self.icon_name):
            raise ValueError("icon_name is 1 to 50 letters, digits, blanks and hyphens")
        if not self.context:
            raise ValueError("context is empty")
        if not (self.title or self.lang_all):
            raise ValueError("the item needs a title")
        for title in (self.title, *self.lang_all.values()):
            if len(title) > _LONGEST_TITLE:
                raise ValueError(f"a title has at most {_LONGEST_TITLE} characters")
        if not all(_LANGUAGE.fullmatch(language) and title for language, title in self.lang_all.items()):
            raise ValueError("lang_all maps two-letter codes to titles")
        object.__setattr__(self, "lang_all", MappingProxyType(dict(self.lang_all)))
        if self.lang_all:
            object.__setattr__(self, "title", "")
        if Context.ALL in self.context:
            object.__setattr__(self, "context", frozenset({Context.ALL}))

    @property
    def address(self) -> tuple[str, str]:
        """Placement and URL."""
        return IM_SIDEBAR, self.handler

    def bind(self) -> Command:
        """The call of ``placement.bind``."""
        options = {
            "iconName": self.icon_name,
            "context": ";".join(context for context in Context if context in self.context),
            "role": self.role.value,
            "extranet": "Y" if self.extranet else "N",
        }
        if self.color:
            options["color"] = self.color.value
        params: dict[str, object] = {"PLACEMENT": IM_SIDEBAR, "HANDLER": self.handler, "OPTIONS": options}
        if self.lang_all:
            params["LANG_ALL"] = {language: {"TITLE": title} for language, title in self.lang_all.items()}
        else:
            params["TITLE"] = self.title
        return "placement.bind", params

    def unbind(self) -> Command:
        """The call of ``placement.unbind``."""
        return BoundPlacement(IM_SIDEBAR, self.handler).unbind()

    @classmethod
    def from_bound(cls, bound: object) -> Self:
        """Read a row of ``placement.get``. Raises: ValueError if no sidebar item of ours looks like it."""
        row = Reply.of(bound)
        if row.text("placement").upper() != IM_SIDEBAR:
            raise ValueError("not a sidebar item")
        options = Reply.of(row.get("options"))
        titles = Reply.of(row.get("langAll")).fields
        contexts = options.text("context") or Context.ALL.value
        return cls(
            handler=row.text("handler"),
            icon_name=options.text("iconName"),
            title=row.text("title"),
            lang_all={str(language): Reply.of(entry).text("TITLE") for language, entry in titles.items()},
            context=frozenset(Context(name) for name in contexts.split(";")),
            role=Role(options.text("role") or Role.USER),
            extranet=options.text("extranet") == "Y",
            color=Color(options.text("color")),
        )


@dataclass(frozen=True, slots=True)
class LinkPlacement:
    """What Bitrix24 opens, in a slider, when somebody follows a link to the application.

    Raises: ValueError for a URL Bitrix24 would refuse.
    Source: Bitrix24 REST docs, "REST_APP_URI": links are ``/marketplace/view/<code>/``, and what they carry in
    ``params`` becomes PLACEMENT_OPTIONS.
    """

    handler: str
    title: str = field(compare=False)

    def __post_init__(self) -> None:
        check_handler(self.handler)

    @property
    def address(self) -> tuple[str, str]:
        """Placement and URL."""
        return REST_APP_URI, self.handler

    def bind(self) -> Command:
        """The call of ``placement.bind``."""
        return "placement.bind", {"PLACEMENT": REST_APP_URI, "HANDLER": self.handler, "TITLE": self.title}

    def unbind(self) -> Command:
        """The call of ``placement.unbind``."""
        return BoundPlacement(REST_APP_URI, self.handler).unbind()


def application_link(origin: str, app_code: str, options: Mapping[str, str | int]) -> str:
    """A link that opens a portal's `LinkPlacement` with these placement options."""
    query = urlencode({f"params[{name}]": value for name, value in options.items()})
    return f"{origin}/marketplace/view/{app_code}/?{query}"


Bound = SidebarPlacement | LinkPlacement | BoundPlacement


def bound_placements(result: object) -> list[Bound]:
    """Our bindings in an answer of ``placement.get``. Raises: BadAnswer for a row we could not unbind."""
    return list(_bound(rows(result)))


def _bound(found: Iterable[Reply]) -> Iterable[Bound]:
    for row in found:
        placement, handler = row.text("placement"), row.text("handler")
        if not placement or not handler:
            raise BadAnswer("placement_unreadable")
        try:
            if placement.upper() == REST_APP_URI:
                yield LinkPlacement(handler, row.text("title"))
            else:
                yield SidebarPlacement.from_bound(row.fields)
        except ValueError:
            yield BoundPlacement(placement, handler)
