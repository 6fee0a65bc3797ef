"""What a portal's administrators do on the application page: settings of the item, export, erasing."""

from collections.abc import Mapping
from typing import Any

import structlog

from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.bitrix24.payloads import PayloadError
from portals.bitrix24.payloads.fields import checked_text
from portals.bitrix24.placements import Color, Context, Role
from portals.bitrix24.rest import RestClient
from portals.lifecycle import install, visits
from portals.lifecycle.bindings import BindingFailed, wanted
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal, signals
from portals.outgoing import addresses
from portals.refusals import Refusal, refusal_for
from portals.tokens.pairs import NoToken, RefreshPending

log = structlog.get_logger(__name__)

LONGEST_TITLE = 60


class InvalidSettings(Exception):
    """What was sent is no setting; ``fields`` names what is wrong."""

    def __init__(self, *fields: str) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def read_settings(sent: Mapping[str, Any]) -> SidebarSettings:
    """Settings as the page sends them. Raises: InvalidSettings."""
    readers = {
        "context": lambda value: frozenset(Context(name) for name in _names(value)),
        "role": Role,
        "extranet": _flag,
        "color": Color,
        "title": _title,
    }
    values: dict[str, Any] = {}
    wrong = []
    for name, read in readers.items():
        try:
            values[name] = read(sent[name])
        except (KeyError, TypeError, ValueError):
            wrong.append(name)
    if wrong:
        raise InvalidSettings(*wrong)
    return SidebarSettings(**values)


def save(portal: Portal, sidebar: SidebarSettings, access_token: str | None) -> bool:
    """Store settings and bind them on the portal at once, with the administrator's token or the portal's own.

    False if the portal could not be reached: then they hold here already (opens obey them), and the reconcile
    brings them to the portal later. Raises: Refusal if they were not accepted; nothing is stored then.
    """
    wanted(sidebar)  # a value that no portal takes must not get further
    stored = sidebar.stored()
    try:
        install.reconcile(portal, access_token, settings=stored)
        bound = True
    except BindingFailed as error:
        raise Refusal(error.reason, detail=error.code) from None
    except (NoToken, RefreshPending):
        bound = False
    except Bitrix24Error as error:
        if error.disposition is not Disposition.RETRY_LATER:
            raise refusal_for(error) from None
        bound = False
    log.info("settings_saved", portal=portal.member_id, bound=bound)
    if not bound:
        portal.placement_settings = stored
        portal.save(update_fields=["placement_settings", "updated_at"])
        signals.handlers_stale.send(Portal, portal=portal)
    return bound


def export(portal: Portal, access_token: str, after: int = 0) -> dict[str, Any]:
    """What we hold about a portal. Of its people's content only what this administrator may read in Bitrix24.

    It comes in parts, each quickly asked for however large the portal is: ``next`` of one is ``after`` of the
    following, None at the end. Raises: Refusal.
    """
    try:
        part = addresses.ask(portal, access_token, lambda client: _contributions(portal, client, after))
    except Bitrix24Error as error:
        raise refusal_for(error) from None
    if after:
        return part
    log.info("data_exported", portal=portal.member_id)
    return {
        "portal": {
            "member_id": portal.member_id,
            "domain": portal.domain,
            "status": portal.status,
            "installed_at": portal.installed_at,
            "version": portal.app_version,
            "scope": portal.scope,
            "language": portal.language,
            "settings": portal.placement_settings,
        },
        "history": list(portal.transitions.order_by("pk").values("old", "new", "reason", "created_at")),
        **part,
    }


def erase_content(portal: Portal, access_token: str) -> None:
    """Erase everything the portal's people wrote; the installation stays.

    The portal says who asks, now: nobody who was an administrator half an hour ago destroys anything.
    Raises: Refusal.
    """
    try:
        administrator = addresses.ask(portal, access_token, lambda client: _administrator(portal, client))
    except Bitrix24Error as error:
        raise refusal_for(error) from None
    portal.erase_content("content_erased")
    log.info("content_erased", portal=portal.member_id, user=administrator)


def _administrator(portal: Portal, client: RestClient) -> int:
    """The number of the administrator who asks. Raises: Refusal, Bitrix24Error."""
    profile = visits.prove_visitor(portal, client.batch(visits.COMMANDS))
    if not profile.admin:
        raise Refusal("administrators_only")
    return profile.user_id


def _contributions(portal: Portal, client: RestClient, after: int) -> dict[str, Any]:
    """Raises: Refusal, Bitrix24Error."""
    _administrator(portal, client)
    found: dict[str, Any] = {}
    contributions: list[tuple[Any, Any]] = signals.exporting.send(
        Portal, portal=portal, client=client, after=after
    )
    for _receiver, contribution in contributions:
        found |= contribution
    return found


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError("a list of contexts")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _title(value: object) -> str:
    try:
        return " ".join(checked_text(value, limit=LONGEST_TITLE).split())
    except PayloadError as error:
        raise ValueError(error.reason) from None
