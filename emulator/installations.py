"""Applications: the vendor's card, and what one portal knows of it."""

from dataclasses import dataclass, field


@dataclass
class Application:
    """An application card at the vendor: the same for every portal."""

    client_id: str
    client_secret: str = field(repr=False)
    code: str
    title: str
    scope: list[str]
    app_url: str
    install_url: str = ""
    event_url: str = ""
    version: int = 1
    has_interface: bool = True


@dataclass
class PlacementBinding:
    """A widget handler; `options` is what placement.get shows, `lang_all` by Bitrix24 language code."""

    id: int
    placement: str
    handler: str
    title: str
    description: str = ""
    options: dict[str, str] = field(default_factory=dict)
    lang_all: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class EventBinding:
    """An event handler; `auth_type` is the user whose token is sent, 0 = the acting user."""

    id: int
    event: str
    handler: str
    user_id: int
    auth_type: int = 0
    offline: bool = False


@dataclass
class Installation:
    """An application on one portal. The row survives an uninstall (`present` False) and is reused."""

    client_id: str
    application_token: str = field(repr=False)
    number: int
    version: int = 1
    present: bool = True
    installed: bool = False
    installer_user_id: int = 0
    status: str = "F"
    paid: bool = True
    days: int | None = None
    scope: list[str] = field(default_factory=list)
    access: list[int] | None = None
    first_run: bool = True
    placements: list[PlacementBinding] = field(default_factory=list)
    events: list[EventBinding] = field(default_factory=list)
