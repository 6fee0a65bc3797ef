"""Where Bitrix24 shows us: places of its messenger (``IM_…``) and our links (``REST_APP_URI``)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlencode

from portals.bitrix24.errors import BadAnswer
from portals.bitrix24.handlers import check_handler, rows
from portals.bitrix24.languages import LANGUAGES
from portals.bitrix24.payloads.fields import Reply
from portals.bitrix24.rest import Command

IM_SIDEBAR: Final = "IM_SIDEBAR"
IM_TEXTAREA: Final = "IM_TEXTAREA"
IM_CONTEXT_MENU: Final = "IM_CONTEXT_MENU"
IM_NAVIGATION: Final = "IM_NAVIGATION"
REST_APP_URI: Final = "REST_APP_URI"
# The options that each takes (Bitrix24 REST docs, pages of the placements, August 2026).
_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    IM_SIDEBAR: frozenset({"iconName", "context", "role", "extranet", "color"}),
    IM_TEXTAREA: frozenset({"iconName", "context", "role", "extranet", "color"}),
    IM_CONTEXT_MENU: frozenset({"context", "role", "extranet"}),
    IM_NAVIGATION: frozenset({"iconName", "role", "extranet"}),
}
_LONGEST_TITLE: Final = 255
_ICON: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 -]{1,50}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")


class Context(StrEnum):
    """In which chats it appears. USER is private chats, CHAT groups that are not LINES or CRM."""

    ALL = "ALL"
    USER = "USER"
    CHAT = "CHAT"
    LINES = "LINES"
    CRM = "CRM"


class Role(StrEnum):
    """Who sees it: everybody or administrators."""

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


# What a place has that does not take the option.
_NOT_TAKEN: Final = {
    "iconName": ("icon_name", ""),
    "context": ("context", frozenset({Context.ALL})),
    "color": ("color", Color.NONE),
}


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
class MessengerPlacement:
    """A place in the messenger as Bitrix24 takes it, checked before sending; ``code`` says which.

    ``lang_all`` maps Bitrix24 language codes to titles, ``title`` is one for every language; titles that are all
    the same are one. ``icon_name`` is a Font Awesome 4 name. ``context`` with ALL is just ALL. An option that the
    place does not take has its default. All of them steer what Bitrix24 shows and nothing else.
    Raises: ValueError for a value Bitrix24 would refuse.
    Source: Bitrix24 REST docs, "placement.bind", "IM_SIDEBAR", "IM_TEXTAREA", "IM_CONTEXT_MENU", "IM_NAVIGATION".
    """

    code: str
    handler: str
    title: str = ""
    lang_all: Mapping[str, str] = field(default_factory=dict, hash=False)
    icon_name: str = ""
    context: frozenset[Context] = frozenset({Context.ALL})
    role: Role = Role.USER
    extranet: bool = False
    color: Color = Color.NONE

    def __post_init__(self) -> None:
        check_handler(self.handler)
        taken = _OPTIONS.get(self.code)
        if taken is None:
            raise ValueError("not a place in the messenger that we know")
        for option, (name, default) in _NOT_TAKEN.items():
            if option not in taken:
                object.__setattr__(self, name, default)
        if "iconName" in taken and not _ICON.fullmatch(self.icon_name):
            raise ValueError("icon_name is 1 to 50 letters, digits, blanks and hyphens")
        if not self.context:
            raise ValueError("context is empty")
        if Context.ALL in self.context:
            object.__setattr__(self, "context", frozenset({Context.ALL}))
        self._settle_titles()

    def _settle_titles(self) -> None:
        """A portal trims titles, and keeps every title under a language, also one that came without."""
        titles = {language: title.strip() for language, title in self.lang_all.items()}
        same = set(titles.values()) or {self.title.strip()}
        if not all(same):
            raise ValueError("a title is empty")
        if any(len(title) > _LONGEST_TITLE for title in same):
            raise ValueError(f"a title has at most {_LONGEST_TITLE} characters")
        if not all(_LANGUAGE.fullmatch(language) for language in titles):
            raise ValueError("lang_all maps two-letter codes to titles")
        one = next(iter(same)) if len(same) == 1 else ""
        object.__setattr__(self, "title", one)
        object.__setattr__(self, "lang_all", MappingProxyType({} if one else titles))

    @property
    def address(self) -> tuple[str, str]:
        """Placement and URL."""
        return self.code, self.handler

    def bind(self) -> Command:
        """The call of ``placement.bind``."""
        values = {
            "iconName": self.icon_name,
            "context": ";".join(context for context in Context if context in self.context),
            "role": self.role.value,
            "extranet": "Y" if self.extranet else "N",
            "color": self.color.value,
        }
        options = {name: value for name, value in values.items() if name in _OPTIONS[self.code] and value}
        titles = self.lang_all or dict.fromkeys(LANGUAGES, self.title)
        params: dict[str, object] = {
            "PLACEMENT": self.code,
            "HANDLER": self.handler,
            "OPTIONS": options,
            "LANG_ALL": {language: {"TITLE": title} for language, title in titles.items()},
        }
        return "placement.bind", params

    def unbind(self) -> Command:
        """The call of ``placement.unbind``."""
        return BoundPlacement(self.code, self.handler).unbind()

    @classmethod
    def from_bound(cls, bound: object) -> Self:
        """Read a row of ``placement.get``. Raises: ValueError if no place in the messenger looks like it."""
        row = Reply.of(bound)
        options = Reply.of(row.get("options"))
        titles = Reply.of(row.get("langAll")).fields
        contexts = options.text("context") or Context.ALL.value
        return cls(
            code=row.text("placement").upper(),
            handler=row.text("handler"),
            title=row.text("title"),
            lang_all={str(language): Reply.of(entry).text("TITLE") for language, entry in titles.items()},
            icon_name=options.text("iconName"),
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


Bound = MessengerPlacement | LinkPlacement | BoundPlacement


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
                yield MessengerPlacement.from_bound(row.fields)
        except ValueError:
            yield BoundPlacement(placement, handler)
