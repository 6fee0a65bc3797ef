"""The Market page: what a person sees of each application, and what an administrator may do to it."""

from dataclasses import dataclass
from typing import Final

from emulator.installations import Application, Installation
from emulator.messenger.desk import Desk, Refused
from emulator.messenger.icons import color_for
from emulator.opening import Gate

ASK_ADMINISTRATOR: Final = "Ask your administrator to install this application."
GATE_TEXTS: Final[dict[Gate, tuple[str, str]]] = {
    "not_installed": (
        "The application is not fully installed",
        "Its installation has to be finished first. Contact the administrator of your Bitrix24.",
    ),
    "no_access": ("Access denied", "You do not have access to this application. Contact your administrator."),
    "unpaid": ("The subscription has ended", "Renew the subscription to use this application again."),
    "not_bound": ("The application is not available here", "It has no item in this place any more."),
    "dismissed": ("Access denied", "Dismissed employees cannot open applications."),
}


@dataclass(frozen=True)
class Action:
    """A button; `version` goes with an update."""

    name: str
    label: str
    tone: str
    version: int = 0


@dataclass(frozen=True)
class Product:
    """One application on the page."""

    client_id: str
    title: str
    code: str
    version: int
    scope: str
    color: str
    drawing: str
    state: str
    state_label: str
    tone: str
    note: str
    actions: list[Action]


def products_for(desk: Desk) -> list[Product]:
    """Every application of the Market, as this person sees it."""
    return [
        _product(desk, application, number)
        for number, application in enumerate(desk.world.applications.values())
    ]


def require_admin(desk: Desk) -> None:
    """Raises `Refused` 403 for whoever is no administrator."""
    if not desk.viewer.admin:
        raise Refused(403, ASK_ADMINISTRATOR)


def next_version(application: Application, installation: Installation) -> int:
    """The version an update brings: the vendor's newest, or one more when the portal has that already."""
    return max(application.version, installation.version + 1)


def _product(desk: Desk, application: Application, number: int) -> Product:
    installation = desk.portal.installation(application.client_id)
    state, label, tone = _state(installation)
    return Product(
        client_id=application.client_id,
        title=application.title,
        code=application.code,
        version=installation.version if installation else application.version,
        scope=", ".join(application.scope),
        color=color_for(("AZURE", "MARENGO", "PURPLE")[number % 3], 0),
        drawing="note" if number == 0 else "puzzle",
        state=state,
        state_label=label,
        tone=tone,
        note=_note(desk, state),
        actions=_admin_actions(application, installation) if desk.viewer.admin else _user_actions(state),
    )


def _state(installation: Installation | None) -> tuple[str, str, str]:
    if installation is None:
        return "absent", "Not installed", ""
    if not installation.installed:
        return "unfinished", "Installation not finished", "orange"
    if not installation.paid:
        return "unpaid", "Payment required", "red"
    return "installed", "Installed", "green"


def _note(desk: Desk, state: str) -> str:
    if state == "unfinished" and not desk.viewer.admin:
        return GATE_TEXTS["not_installed"][1]
    if state == "unfinished":
        return "Its installer has not finished. Nobody sees the application until it has."
    if state == "absent" and not desk.viewer.admin:
        return ASK_ADMINISTRATOR
    return ""


def _user_actions(state: str) -> list[Action]:
    return [] if state == "absent" else [Action("open", "Open", "tinted")]


def _admin_actions(application: Application, installation: Installation | None) -> list[Action]:
    if installation is None:
        return [Action("install", "Install", "filled")]
    newer = next_version(application, installation)
    first = (
        Action("open", "Open", "filled")
        if installation.installed
        else Action("open", "Continue installation", "filled")
    )
    return [
        first,
        Action("update", f"Update to version {newer}", "tinted", newer),
        Action("uninstall", "Uninstall", "danger"),
    ]
