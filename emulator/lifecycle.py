"""The life of an application on a portal: installer, open, update, payment, uninstall.

Everything the messenger page and the control API do to an installation goes through here. The functions
change the world and queue events; they speak no HTTP.
"""

from emulator import events
from emulator.errors import ApiError
from emulator.installations import Application, Installation
from emulator.opening import OpenForm, build_open, installation_or_404
from emulator.state import Portal, User, World, new_application_token


def install(
    world: World, portal: Portal, user: User, client_id: str, *, renew_application_token: bool = False
) -> OpenForm | None:
    """Put an application on a portal; `renew_application_token` says whether a reinstall brings a new one.

    Returns the form of the installer page; None for an application without interface, which gets
    ONAPPINSTALL at once, and for one without an installer, which is installed at once. Raises `ApiError`
    403 when the user is no administrator.
    """
    if not user.admin:
        raise ApiError(403, "ACCESS_DENIED", "Access denied!")
    application = world.applications[client_id]
    installation = _row(portal, application)
    if renew_application_token:
        installation.application_token = new_application_token()
    installation.present = True
    installation.installed = False
    installation.installer_user_id = user.id
    installation.version = application.version
    installation.scope = list(application.scope)
    if application.has_interface and application.install_url:
        return build_open(world, portal, user, client_id, installer=True)
    installation.installed = True
    _announce_install(world, portal, installation, user.id, card_url=application.install_url)
    return None


def finish(world: World, portal: Portal, user: User, client_id: str) -> None:
    """`installFinish()` of the JS SDK: the wizard is over, widgets become visible.

    ONAPPINSTALL goes to whoever bound it. Raises `ApiError` 403 (no administrator) or 404 (not there).
    """
    if not user.admin:
        raise ApiError(403, "ACCESS_DENIED", "Access denied!")
    installation = installation_or_404(portal, client_id)
    if installation.installed:
        return
    installation.installed = True
    installation.first_run = True
    _announce_install(world, portal, installation, user.id)


def update(
    world: World, portal: Portal, client_id: str, version: int, *, installer: bool | None = None
) -> Installation:
    """A new version reaches the portal: event handlers are dropped (REST docs: event.bind), and an application with
    an installer is not installed until an administrator has gone through that again (portal source:
    rest/lib/marketplace/application.php, May 2026). ONAPPUPDATE goes to the handlers that were, if it is installed.

    `installer` False is a card without installer URL.
    """
    installation = installation_or_404(portal, client_id)
    application = world.applications[client_id]
    if installer is None:
        installer = application.has_interface and bool(application.install_url)
    handlers = events.handlers_for(world, installation, "ONAPPUPDATE")
    previous, installation.version = installation.version, version
    installation.application_token = new_application_token()
    installation.scope = list(application.scope)
    installation.events = []
    installation.installed = not installer
    data = {
        "VERSION": str(version),
        "PREVIOUS_VERSION": str(previous),
        "LANGUAGE_ID": portal.language,
    }
    user_id = installation.installer_user_id
    events.emit(world, portal, installation, "ONAPPUPDATE", data, user_id=user_id, handlers=handlers)
    return installation


def uninstall(world: World, portal: Portal, client_id: str, *, clean: bool) -> None:
    """Remove an application: handlers and placements go, tokens die, ONAPPUNINSTALL is sent.

    `clean` is "delete settings and data" (CLEAN=1). The row stays for a later reinstall.
    """
    installation = installation_or_404(portal, client_id)
    handlers = events.handlers_for(world, installation, "ONAPPUNINSTALL")
    data = {"LANGUAGE_ID": portal.language, "CLEAN": "1" if clean else "0"}
    events.emit(world, portal, installation, "ONAPPUNINSTALL", data, user_id=0, handlers=handlers)
    installation.present = installation.installed = False
    installation.events, installation.placements = [], []
    installation.first_run = True
    if clean:
        portal.app_options.pop(client_id, None)
        portal.user_options.pop(client_id, None)
    for token in world.tokens_of(portal, client_id):
        token.access_revoked = token.refresh_revoked = True


def payment(
    world: World, portal: Portal, client_id: str, *, status: str, paid: bool, days: int | None
) -> Installation:
    """Change what is known about payment and send ONAPPPAYMENT. `status` is one of F D T P L S."""
    installation = installation_or_404(portal, client_id)
    installation.status, installation.paid, installation.days = status, paid, days
    data = {
        "CODE": world.applications[client_id].code,
        "VERSION": str(installation.version),
        "STATUS": status,
        "PAYMENT_EXPIRED": "N" if paid else "Y",
        "DAYS": "" if days is None else str(days),
        "LANGUAGE_ID": portal.language,
    }
    events.emit(world, portal, installation, "ONAPPPAYMENT", data, user_id=0)
    return installation


def _row(portal: Portal, application: Application) -> Installation:
    found = portal.installations.get(application.client_id)
    if found is None:
        found = Installation(
            client_id=application.client_id,
            application_token=new_application_token(),
            number=portal.next_id(),
        )
        portal.installations[application.client_id] = found
    return found


def _announce_install(
    world: World, portal: Portal, installation: Installation, user_id: int, card_url: str = ""
) -> None:
    if not installation.paid:
        return
    data = {
        "VERSION": str(installation.version),
        "ACTIVE": "Y",
        "INSTALLED": "Y",
        "LANGUAGE_ID": portal.language,
    }
    handlers = events.handlers_for(world, installation, "ONAPPINSTALL")
    if card_url and card_url not in [binding.handler for binding in handlers]:
        handlers.append(events.card_handler("ONAPPINSTALL", card_url))
    events.emit(world, portal, installation, "ONAPPINSTALL", data, user_id=user_id, handlers=handlers)
