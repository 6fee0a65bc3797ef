"""Icons and colours of an application's entry in the sidebar."""

from typing import Final

# placement.bind names Font Awesome 4 icons; these stems cover the common ones with drawings of our own.
DRAWINGS: Final = {
    "sticky-note": "note",
    "pencil": "note",
    "edit": "note",
    "book": "book",
    "comment": "chat",
    "wechat": "chat",
    "file": "file",
    "clipboard": "tasks",
    "list": "tasks",
    "check": "tasks",
    "tasks": "tasks",
    "calendar": "calendar",
    "star": "star",
    "user": "users",
    "group": "users",
    "bar-chart": "chart",
    "line-chart": "chart",
    "pie-chart": "chart",
    "area-chart": "chart",
    "cog": "cog",
    "wrench": "cog",
    "bolt": "bolt",
    "clock": "clock",
    "folder": "folder",
    "tag": "tag",
    "heart": "heart",
    "phone": "phone",
    "bell": "bell",
    "search": "search",
    "home": "home",
}
DEFAULT_DRAWING: Final = "puzzle"

# Names: REST docs, placement.bind for IM_SIDEBAR, option "color".
COLORS: Final = {
    "RED": "#df532d",
    "GREEN": "#64a513",
    "MINT": "#4ba984",
    "LIGHT_BLUE": "#4ba5c3",
    "DARK_BLUE": "#3e99ce",
    "PURPLE": "#8474c8",
    "AQUA": "#1eb4aa",
    "PINK": "#f76187",
    "LIME": "#58cc47",
    "BROWN": "#ab7761",
    "AZURE": "#29619b",
    "KHAKI": "#728f7a",
    "SAND": "#ba9c7b",
    "ORANGE": "#e8a441",
    "MARENGO": "#556574",
    "GRAY": "#909090",
    "GRAPHITE": "#5e5f5e",
}


def drawing_for(icon_name: str) -> str:
    """The symbol that stands for a Font Awesome 4 name such as `fa-comments-o` or `fa fa-book`."""
    for word in icon_name.lower().split():
        name = word.removeprefix("fa-")
        stem = next((stem for stem in DRAWINGS if name.startswith(stem)), "")
        if stem:
            return DRAWINGS[stem]
    return DEFAULT_DRAWING


def color_for(option: str, number: int) -> str:
    """A hex colour: the placement's `color` option, else one that depends on the placement's id."""
    return COLORS.get(option) or list(COLORS.values())[number % len(COLORS)]
