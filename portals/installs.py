"""Installing: prove the claim of the installer page, bind our handlers, store portal and tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portals import gateway, handlers, tokens
from portals.bitrix24.errors import Bitrix24Error, Disposition, InsufficientScope
from portals.bitrix24.payloads import AppInfo, OpenRequest, PortalAppInfo, Profile
from portals.bitrix24.rest import BatchResult, RestClient
from portals.calls import PortalClient
from portals.handlers import SidebarSettings
from portals.models import Portal
from portals.refusals import Refusal, refusal_for

log = structlog.get_logger(__name__)

PROOF_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProvedInstaller:
    """An administrator whose token the authorization server and the portal have both confirmed."""

    proof: AppInfo
    profile: Profile
    app: PortalAppInfo
    bound_placements: object


def install(opened: OpenRequest) -> Portal:
    """Install from the POST of the installer page. Twice, in parallel or again: the same end state.

    Nothing is stored before everything succeeded.
    Raises: Refusal with the reason that the installer page explains.
    """
    if opened.access_token is None:
        raise Refusal("token_missing")
    try:
        proof = prove_token(opened)
        client = gateway.rest(proof.client_endpoint, opened.access_token)
        installer = _prove_installer(client, proof)
        known = Portal.objects.filter(member_id=proof.member_id).first()
        sidebar = SidebarSettings.of(known.placement_settings if known else {})
        handlers.reconcile(client, installer.bound_placements, sidebar)
    except handlers.BindingFailed as error:
        raise Refusal("binding_failed", detail=error.code) from None
    except InsufficientScope as error:
        raise Refusal("scope_missing", detail=str(error)) from None
    except Bitrix24Error as error:
        raise refusal_for(error) from None
    return _store(opened, installer)


class PostedPair(Protocol):
    """The token pair of an open, as claimed."""

    @property
    def member_id(self) -> str: ...
    @property
    def access_token(self) -> str | None: ...
    @property
    def refresh_token(self) -> str | None: ...


def prove_token(opened: PostedPair, *, deadline: float = PROOF_SECONDS) -> AppInfo:
    """What the authorization server says of the posted access token; ``deadline`` in seconds.

    Raises: Refusal if it belongs to another application or portal, or has ended; Bitrix24Error.
    """
    proof = gateway.authorization_server().app_info(opened.access_token or "", deadline=deadline)
    if proof.client_id != settings.BITRIX24_CLIENT_ID:
        raise Refusal("foreign_application")
    if proof.member_id != opened.member_id:
        raise Refusal("foreign_portal")
    if proof.expires <= datetime.now(UTC):
        raise Refusal("token_expired")
    if not proof.client_endpoint:
        raise Refusal("not_installed")
    return proof


def _prove_installer(client: RestClient, proof: AppInfo) -> ProvedInstaller:
    answers = client.batch(
        {"profile": ("profile", {}), "app": ("app.info", {}), "placements": ("placement.get", {})}
    )
    profile = Profile.parse(answers["profile"])
    if profile.user_id != proof.user_id:
        raise Refusal("foreign_portal", detail="portal and authorization server name different users")
    if not profile.admin:
        raise Refusal("not_administrator")
    return ProvedInstaller(proof, profile, PortalAppInfo.parse(answers["app"]), _placements(answers))


def _placements(answers: BatchResult) -> object:
    try:
        return answers["placements"]
    except Bitrix24Error as error:
        # The administrator may do it, so a refusal is about the application's card.
        if error.disposition is Disposition.DENIED:
            raise InsufficientScope(error.code) from None
        raise


@transaction.atomic
def _store(opened: OpenRequest, installer: ProvedInstaller) -> Portal:
    proof, app = installer.proof, installer.app
    portal, _ = Portal.objects.select_for_update().get_or_create(member_id=proof.member_id)
    portal.domain = proof.domain
    portal.client_endpoint = proof.client_endpoint
    portal.licence_status = proof.licence_status
    portal.app_code = app.code
    portal.app_version = app.version or 0
    portal.scope = sorted(proof.scope)
    portal.language = opened.lang
    portal.installed_at = portal.last_used_at = timezone.now()
    if opened.application_token:
        portal.application_token = opened.application_token
    portal.save()
    if opened.access_token and opened.refresh_token:
        tokens.store(portal, proof.user_id, opened.access_token, opened.refresh_token, proof.expires)
    portal.activate("installed")
    log.info("portal_installed", portal=portal.member_id, domain=portal.domain, user=proof.user_id)
    return portal


def reconcile(portal: Portal) -> None:
    """Bring an installed portal's handlers to what we want, with the portal's own token.

    Raises: NoToken, RefreshPending, BindingFailed, Bitrix24Error.
    """
    client = PortalClient(portal)
    answers = client.batch({"app": ("app.info", {}), "placements": ("placement.get", {})})
    app = PortalAppInfo.parse(answers["app"])
    handlers.reconcile(client, _placements(answers), SidebarSettings.of(portal.placement_settings))
    portal.app_version = app.version or 0
    portal.save(update_fields=["app_version", "updated_at"])
    log.info("handlers_reconciled", portal=portal.member_id, version=portal.app_version)
