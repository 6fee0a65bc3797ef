"""How a portal opens an application: the gate before it and the exact form it posts into the iframe.

REST docs: "Widget handler", "Application installation"; the gate follows the portal's own page.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from emulator.errors import ApiError
from emulator.installations import Installation, PlacementBinding
from emulator.state import ACCESS_LIFETIME, Chat, Portal, User, World, new_key

Gate = Literal["not_installed", "no_access", "unpaid", "not_bound", "dismissed"]
DEFAULT_PLACEMENT = "DEFAULT"
# The messenger's sidebar has no block of applications in these kinds, nor in one's own notes, whatever a
# placement's context says (portal script im/v2/lib/sidebar, seen in November 2026; the docs still offer LINES).
WITHOUT_APPLICATIONS = frozenset("LSNJTBAX")


class GateClosed(Exception):
    """Bitrix24 shows a notice of its own and posts nothing; `gate` says which."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self.gate: Gate = gate


@dataclass
class OpenForm:
    """The form the portal's page submits into the application's iframe.

    `url` already carries DOMAIN, PROTOCOL, LANG and APP_SID; `fields` is the urlencoded body. `frame_name`
    is the iframe's `name`, which the JS SDK reads. `installer` is True on the installer page.
    """

    url: str
    fields: dict[str, str]
    app_sid: str
    frame_name: str
    client_id: str
    user_id: int
    placement: str
    placement_options: dict[str, str]
    installer: bool


def build_open(
    world: World,
    portal: Portal,
    user: User,
    client_id: str,
    *,
    placement: str = DEFAULT_PLACEMENT,
    options: Mapping[str, str] | None = None,
    handler: str = "",
    installer: bool = False,
    generation: str = "",
    without_auth: bool = False,
    language: str = "",
) -> OpenForm:
    """The exact POST of an iframe (REST docs: "Widget handler"); the gate is `open_page` and `open_widget`.

    `generation` "new" or "old" overrides the portal's; `without_auth` leaves the tokens out, as Bitrix24
    does after an ended trial; `handler` overrides the URL posted to.
    """
    application, installation = world.applications[client_id], installation_or_404(portal, client_id)
    url = handler or (application.install_url if installer else application.app_url)
    app_sid = new_key()
    fields = {} if without_auth else _auth_fields(world, portal, user, client_id)
    if (generation or portal.generation) == "new":
        fields |= _new_generation_fields(world, portal, installation)
    fields |= {"member_id": portal.member_id, "status": installation.status, "PLACEMENT": placement}
    if options:
        fields["PLACEMENT_OPTIONS"] = json.dumps(options)
    return OpenForm(
        url=_with_query(url, portal, language or portal.language, app_sid),
        fields=fields,
        app_sid=app_sid,
        frame_name=f"{portal.domain}|0|{app_sid}",
        client_id=client_id,
        user_id=user.id,
        placement=placement,
        placement_options=dict(options or {}),
        installer=installer,
    )


def open_page(world: World, portal: Portal, user: User, client_id: str, *, language: str = "") -> OpenForm:
    """The application's page in the portal: the installer until it has finished. Raises `GateClosed`."""
    installation = _pass_gate(portal, user, client_id)
    wizard = not installation.installed and bool(world.applications[client_id].install_url)
    if wizard and not user.admin:
        raise GateClosed("not_installed")
    return build_open(world, portal, user, client_id, installer=wizard, language=language)


def open_widget(
    world: World,
    portal: Portal,
    user: User,
    client_id: str,
    *,
    placement: str,
    options: Mapping[str, str],
    handler: str = "",
    generation: str = "",
    without_auth: bool = False,
    language: str = "",
) -> OpenForm:
    """A bound widget. `handler` picks one of several. Raises `GateClosed`.

    What the binding's own options hide is not checked: the browser puts placement and options together.
    """
    installation = _pass_gate(portal, user, client_id)
    if not installation.installed:
        raise GateClosed("not_installed")
    bound = [item for item in installation.placements if item.placement == placement]
    chosen = [item for item in bound if handler in ("", item.handler)]
    if not chosen:
        raise GateClosed("not_bound")
    return build_open(
        world,
        portal,
        user,
        client_id,
        placement=placement,
        options=options,
        handler=chosen[0].handler,
        generation=generation,
        without_auth=without_auth,
        language=language,
    )


def installation_or_404(portal: Portal, client_id: str) -> Installation:
    """The application if it is on the portal. Raises `ApiError` 404."""
    installation = portal.installation(client_id)
    if installation is None:
        raise ApiError(404, "APPLICATION_NOT_FOUND", "Application not found")
    return installation


def visible_widgets(
    portal: Portal, user: User, chat: Chat, placement: str = "IM_SIDEBAR"
) -> Iterator[tuple[Installation, PlacementBinding]]:
    """The widgets a person sees in a chat: installed ones whose options let this person and chat through."""
    for installation in portal.installations.values():
        if not (installation.present and installation.installed):
            continue
        for binding in installation.placements:
            if placement == "IM_SIDEBAR" and not has_applications(chat):
                continue
            if binding.placement == placement and _shown(portal, user, chat, binding.options):
                yield installation, binding


def has_applications(chat: Chat) -> bool:
    """Whether the sidebar of a chat has the block of applications at all."""
    own_notes = chat.message_type == "P" and len(chat.members) == 1
    return chat.message_type not in WITHOUT_APPLICATIONS and not own_notes


def binding_title(binding: PlacementBinding, portal: Portal, language: str = "") -> str:
    """The title a person reads: own language, its default, the licence's language, the first entry."""
    if not binding.lang_all:
        return binding.title
    fallback = {"ua": "ru", "kz": "ru", "ru": "ru"}.get(language, "en")
    for code in (language, fallback, portal.licence.split("_")[0]):
        if binding.lang_all.get(code, {}).get("TITLE"):
            return binding.lang_all[code]["TITLE"]
    return next(iter(binding.lang_all.values())).get("TITLE", binding.title)


def _pass_gate(portal: Portal, user: User, client_id: str) -> Installation:
    installation = portal.installation(client_id)
    if installation is None:
        raise GateClosed("not_installed")
    if user.kind == "dismissed":
        raise GateClosed("dismissed")
    if installation.access is not None and not user.admin and user.id not in installation.access:
        raise GateClosed("no_access")
    if not installation.paid:
        raise GateClosed("unpaid")
    return installation


def _with_query(url: str, portal: Portal, language: str, app_sid: str) -> str:
    """Plain append, as the portal does: a query of the handler's own survives, a fragment swallows ours."""
    query = {"DOMAIN": portal.domain, "PROTOCOL": "0", "LANG": language, "APP_SID": app_sid}
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _shown(portal: Portal, user: User, chat: Chat, options: Mapping[str, str]) -> bool:
    if options.get("role", "USER") == "ADMIN" and not user.admin:
        return False
    if options.get("extranet", "N") == "N" and user.kind == "extranet":
        return False
    contexts = options.get("context", "ALL").split(";")
    return "ALL" in contexts or _context_of(portal, chat) in contexts


def _context_of(portal: Portal, chat: Chat) -> str:
    if chat.message_type == "L":
        return "LINES"
    if chat.entity_type == "CRM":
        return "CRM"
    if chat.message_type != "P":
        return "CHAT"
    kinds = {portal.users[member].kind for member in chat.members}
    return "BOT" if "bot" in kinds else "USER"


def _auth_fields(world: World, portal: Portal, user: User, client_id: str) -> dict[str, str]:
    token = world.issue_token(portal, user.id, client_id)
    return {
        "AUTH_ID": token.access_token,
        "AUTH_EXPIRES": str(ACCESS_LIFETIME),
        "REFRESH_ID": token.refresh_token,
    }


def _new_generation_fields(world: World, portal: Portal, installation: Installation) -> dict[str, str]:
    return {
        "SERVER_ENDPOINT": world.server_endpoint(portal),
        "APPLICATION_TOKEN": installation.application_token,
        "APPLICATION_SCOPE": ",".join(installation.scope),
    }
