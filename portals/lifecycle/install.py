"""Installing: prove the claim of an installer page or event, bind our handlers, store portal and tokens."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from portals.bitrix24.errors import (
    AccessDenied,
    Bitrix24Error,
    Disposition,
    InsufficientScope,
    NotAdministrator,
)
from portals.bitrix24.handlers import Handler
from portals.bitrix24.oauth import AuthorizationServers
from portals.bitrix24.payloads import AppInfo, OpenRequest, PortalAppInfo, Profile
from portals.bitrix24.rest import BatchResult, RestClient
from portals.lifecycle import bindings, placements
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal
from portals.outgoing import addresses, gateway
from portals.refusals import Refusal, refusal_for
from portals.tokens import pairs
from portals.tokens.portal_client import PortalClient

log = structlog.get_logger(__name__)

PROOF_SECONDS = 10.0
# How long after a reconcile that failed the next one comes.
RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class InstallClaim:
    """What an installer page or an install event says; nothing in it is proved."""

    member_id: str
    language: str
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    application_token: str | None = field(repr=False)
    server_endpoint: str | None = None

    @classmethod
    def of(cls, opened: OpenRequest) -> Self:
        """The claim of an installer page."""
        return cls(
            opened.member_id,
            opened.lang,
            opened.access_token,
            opened.refresh_token,
            opened.application_token,
            opened.server_endpoint,
        )


@dataclass(frozen=True, slots=True)
class ProvedInstaller:
    """An administrator whose token the authorization server and the portal have both confirmed."""

    proof: AppInfo
    profile: Profile
    app: PortalAppInfo
    bound: list[Handler]


def install(opened: OpenRequest) -> Portal:
    """Install from the POST of the installer page. Raises: Refusal with the reason that the page explains."""
    try:
        return perform(InstallClaim.of(opened))
    except bindings.BindingFailed as error:
        raise Refusal(error.reason, detail=error.code) from None
    except InsufficientScope as error:
        raise Refusal("scope_missing", detail=str(error)) from None
    except Bitrix24Error as error:
        raise refusal_for(error) from None


def perform(claim: InstallClaim) -> Portal:
    """Prove, bind, store. Twice, in parallel or again: the same end state.

    Nothing is stored before everything succeeded. Raises: Refusal, BindingFailed, Bitrix24Error.
    """
    if claim.access_token is None:
        raise Refusal("token_missing")
    known = Portal.objects.filter(member_id=claim.member_id).first()
    if known and known.is_held:
        raise Refusal("portal_blocked")
    known_server = known.authorization_server if known else ""
    proof = prove_token(claim, gateway.any_authorization_server(known_server, claim.server_endpoint))
    licence = known.licence if known else ""
    if proof.scope and not placements.scopes() <= proof.scope:
        raise Refusal("scope_missing")
    client = gateway.rest(proof.client_endpoint, claim.access_token, licence=licence)
    installer = _prove_installer(client, proof)
    sidebar = known.placement_settings if known else {}
    missing = bindings.reconcile(client, installer.bound, SidebarSettings.of(sidebar))
    portal = _store(claim, installer, sidebar, missing)
    addresses.named(portal)
    return portal


class Posted(Protocol):
    """The tokens of an open, as claimed."""

    @property
    def member_id(self) -> str: ...
    @property
    def access_token(self) -> str | None: ...
    @property
    def refresh_token(self) -> str | None: ...
    @property
    def application_token(self) -> str | None: ...


def prove_token(claim: Posted, servers: AuthorizationServers, *, deadline: float = PROOF_SECONDS) -> AppInfo:
    """What the authorization server says of the posted access token; ``deadline`` in seconds.

    Raises: Refusal if it belongs to another application or portal, or has ended; Bitrix24Error.
    """
    proof = servers.app_info(claim.access_token or "", deadline=deadline)
    if proof.client_id != settings.BITRIX24_CLIENT_ID:
        raise Refusal("foreign_application")
    if proof.member_id != claim.member_id:
        raise Refusal("foreign_portal")
    if proof.expires <= datetime.now(UTC):
        raise Refusal("token_expired")
    if not proof.client_endpoint:
        raise Refusal("not_installed")
    return proof


def _prove_installer(client: RestClient, proof: AppInfo) -> ProvedInstaller:
    answers = client.batch({"profile": ("profile", {}), "app": ("app.info", {}), **bindings.COMMANDS})
    profile = Profile.parse(answers["profile"])
    if profile.user_id != proof.user_id:
        raise Refusal("foreign_portal", detail="portal and authorization server name different users")
    if not profile.admin:
        raise Refusal("not_administrator")
    return ProvedInstaller(proof, profile, PortalAppInfo.parse(answers["app"]), _bound(answers))


def _bound(answers: BatchResult) -> list[Handler]:
    try:
        return bindings.present(answers)
    except Bitrix24Error as error:
        # The administrator may do it, so a refusal is about the application's card.
        if error.disposition is Disposition.DENIED:
            raise InsufficientScope(error.code) from None
        raise


@transaction.atomic
def _store(
    claim: InstallClaim, installer: ProvedInstaller, bound: Mapping[str, Any], missing: list[str]
) -> Portal:
    proof, app = installer.proof, installer.app
    addresses.vacate(proof.client_endpoint, proof.member_id)
    portal, _ = Portal.objects.select_for_update().get_or_create(member_id=proof.member_id)
    addresses.leave(portal, proof.domain)
    portal.domain = proof.domain
    portal.client_endpoint = proof.client_endpoint
    portal.authorization_server = proof.authorization_server
    portal.licence_status = proof.licence_status
    portal.licence = app.licence
    portal.app_code = app.code
    portal.app_version = app.version or 0
    portal.scope = sorted(proof.scope)
    portal.language = claim.language
    now = timezone.now()
    if portal.status in (Portal.Status.NEW, Portal.Status.DELETED):  # else it is an update
        portal.installed_at, portal.last_used_at = now, None
    portal.handlers_missing = missing
    # Others may have been saved since these were read: then the sweep binds again.
    current = portal.placement_settings == bound
    portal.handlers_digest = bindings.declaration_digest() if current else ""
    portal.handlers_tried_at = now if current else None
    portal.presence_due_at = next_presence_check()
    learn_application_token(portal, claim.application_token, proof.expires)
    portal.save()
    if claim.access_token and claim.refresh_token:
        pairs.store(portal, proof.user_id, claim.access_token, claim.refresh_token, proof.expires)
    if not portal.install():  # an operator blocked it meanwhile: nothing of this stays
        raise Refusal("portal_blocked")
    log.info("portal_installed", portal=portal.member_id, domain=portal.domain, user=proof.user_id)
    return portal


def learn_application_token(portal: Portal, shown: str | None, as_of: datetime) -> None:
    """Set it, unsaved, to what an administrator's form or event shows; its *proved* access token ends at ``as_of``.

    A form can be sent again and an event be late: of two tokens that with the later access token counts.
    """
    known_as_of = portal.application_token_as_of
    if shown and (portal.application_token is None or known_as_of is None or known_as_of <= as_of):
        portal.application_token, portal.application_token_as_of = shown, as_of


def next_presence_check() -> datetime:
    """About a day from now, so that portals of one day do not come due at one moment."""
    return timezone.now() + timedelta(hours=random.uniform(20, 28))  # noqa: S311


def reconcile(
    portal: Portal, access_token: str | None = None, *, settings: dict[str, Any] | None = None
) -> None:
    """Bring an installed portal's handlers to what we want; without ``access_token`` with the portal's own.

    A given token is somebody's at the page: it goes before background work and must be an administrator's.
    ``settings`` are new ones, stored together with the outcome; without them those stored now are bound.
    Raises: NoToken, RefreshPending, BindingFailed, Bitrix24Error (NotAdministrator).
    """
    began = timezone.now()
    Portal.objects.filter(pk=portal.pk).update(handlers_digest="", handlers_tried_at=began)
    # Only now: whoever saves others from here on begins after us, and one of us notices.
    portal.refresh_from_db(fields=["placement_settings"])
    sidebar = SidebarSettings.of(portal.placement_settings if settings is None else settings)

    def work(client: RestClient) -> tuple[PortalAppInfo, list[str]]:
        return _reconcile(client, portal, sidebar)

    if access_token is None:
        app, missing = PortalClient(portal).as_administrator(work)
    else:
        app, missing = addresses.ask(portal, access_token, work)
    _store_bound(portal, began, app, missing, settings)
    log.info("handlers_reconciled", portal=portal.member_id, version=portal.app_version, missing=missing)


def _store_bound(
    portal: Portal, began: datetime, app: PortalAppInfo, missing: list[str], settings: dict[str, Any] | None
) -> None:
    """In one statement: what was bound is up to date only if no other reconcile began or ended meanwhile.

    Of two at once neither knows whose handlers came last to the portal. Then the sweep has a third look.
    """
    alone = Q(handlers_tried_at=began)
    values: dict[str, Any] = {
        "app_version": app.version or 0,
        "licence": app.licence,
        "handlers_missing": missing,
        "handlers_digest": Case(When(alone, then=Value(bindings.declaration_digest())), default=Value("")),
        "handlers_tried_at": Case(When(alone, then=Value(began)), default=None),
        "updated_at": timezone.now(),
    }
    if settings is not None:
        values["placement_settings"] = settings
    Portal.objects.filter(pk=portal.pk).update(**values)
    portal.refresh_from_db(fields=list(values))


def _reconcile(
    client: RestClient, portal: Portal, sidebar: SidebarSettings
) -> tuple[PortalAppInfo, list[str]]:
    answers = client.batch({"app": ("app.info", {}), "profile": ("profile", {}), **bindings.COMMANDS})
    app = PortalAppInfo.parse(answers["app"])
    if app.code != portal.app_code:
        raise AccessDenied("foreign_application")
    if not Profile.parse(answers["profile"]).admin:
        raise NotAdministrator
    return app, bindings.reconcile(client, _bound(answers), sidebar)


@transaction.atomic
def claim_stale(limit: int) -> list[int]:
    """Ids of active portals whose handlers are not those declared today: `PUBLIC_URL` or the declaration changed,
    or a reconcile failed `RETRY` ago. Nobody else gets them before that is over again."""
    now = timezone.now()
    rested = Q(handlers_tried_at=None) | Q(handlers_tried_at__lt=now - RETRY) | ~Q(handlers_digest="")
    # Two ranges, not "unequal": the index on the digest answers those.
    digest = bindings.declaration_digest()
    other = Q(handlers_digest__lt=digest) | Q(handlers_digest__gt=digest)
    found = Portal.objects.filter(rested, other, status=Portal.Status.ACTIVE).order_by("handlers_tried_at")
    locked = found.select_for_update(no_key=True, skip_locked=True)
    ids = list(locked.values_list("pk", flat=True)[:limit])
    Portal.objects.filter(pk__in=ids).update(handlers_digest="", handlers_tried_at=now)
    return ids
