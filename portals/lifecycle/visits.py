"""Visits: somebody of a portal opens one of our pages, and the portal itself says who it is."""

from dataclasses import dataclass

import structlog
from django.core.cache import cache
from django.utils import timezone

from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.payloads import OpenRequest, PortalAppInfo, Profile
from portals.bitrix24.rest import BatchResult, Command
from portals.lifecycle import install
from portals.lifecycle.heal import heal
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal, signals
from portals.models.rows import by_member_id
from portals.outgoing import addresses, suspicion
from portals.refusals import Refusal, refusal_for
from portals.tokens import pairs
from portals.tokens.schedule import USE_RESOLUTION

log = structlog.get_logger(__name__)

# The part of a batch that proves a visitor; a page adds its own commands to it.
COMMANDS: dict[str, Command] = {"app": ("app.info", {}), "profile": ("profile", {})}
_DRIFT_SECONDS = 300
_LOST = frozenset({"portal_unknown", "not_installed"})
_CANNOT_INSTALL = frozenset({"not_administrator", "not_installed"})


@dataclass(frozen=True, slots=True)
class Visit:
    """A proved visitor of the application page."""

    portal: Portal
    profile: Profile

    @property
    def sidebar(self) -> SidebarSettings:
        """The portal's settings of the sidebar item."""
        return SidebarSettings.of(self.portal.placement_settings)


def visit(opened: OpenRequest) -> Visit:
    """Prove whoever opens the application page. Raises: Refusal."""
    if opened.access_token is None:
        raise Refusal("token_missing")
    portal = _found_or_installed(opened)
    try:
        answers = addresses.ask(
            portal,
            opened.access_token,
            lambda client: client.batch(COMMANDS),
            claimed_domain=opened.domain,
        )
        profile = prove_visitor(portal, answers)
    except Bitrix24Error as error:
        raise refusal_for(error) from None
    used(portal)
    heal(portal, profile, opened)
    return Visit(portal, profile)


def _found_or_installed(opened: OpenRequest) -> Portal:
    """The portal that is opened. One that we have lost, or deleted by mistake, its administrator installs by this:
    Bitrix24, for which the application is installed, would never lead anybody to the installer. Raises: Refusal.
    """
    try:
        return portal_for(opened.member_id)
    except Refusal as refusal:
        if refusal.reason not in _LOST:
            raise
        lost = refusal
    try:
        portal = install.install(opened)
    except Refusal as refusal:
        # For whoever cannot install what was true before stays true.
        raise lost if refusal.reason in _CANNOT_INSTALL else refusal from None
    log.warning("lost_portal_installed", portal=portal.member_id, reason=lost.reason)
    return portal


def portal_for(member_id: str) -> Portal:
    """The portal that a request names, if it may be opened. One query. Raises: Refusal."""
    portal = by_member_id(member_id)
    if portal is None:
        raise Refusal("portal_unknown")
    require_open(portal)
    return portal


def require_open(portal: Portal) -> None:
    """Its status lets people in. Raises: Refusal."""
    if portal.status in (Portal.Status.NEW, Portal.Status.DELETED):
        raise Refusal("not_installed")
    if portal.is_held:
        raise Refusal("portal_blocked")


def prove_visitor(portal: Portal, answers: BatchResult) -> Profile:
    """Who the token belongs to, from the answers to `COMMANDS`.

    The portal knows which application a token was made for: another one's token must not open the notebook.
    Raises: Refusal, Bitrix24Error.
    """
    app = PortalAppInfo.parse(answers["app"])
    if app.code != portal.app_code:
        suspicion.failed_at(portal.pk)
        raise Refusal("foreign_application")
    profile = Profile.parse(answers["profile"])
    if app.version and app.version != portal.app_version:
        _announce_drift(portal, app.version)
    return profile


def used(portal: Portal) -> None:
    """Remember that somebody uses the portal: its token is then refreshed ahead of time.

    Of uses close to each other only the first is written, the rest cost nothing.
    """
    now = timezone.now()
    if portal.last_used_at is not None and now - portal.last_used_at < USE_RESOLUTION:
        return
    Portal.objects.filter(pk=portal.pk).update(last_used_at=now)
    portal.last_used_at = now
    pairs.expect_use(portal)


def _announce_drift(portal: Portal, version: int) -> None:
    """A new version of the application dropped its handlers, and its event may never come."""
    if cache.add(f"drift:{portal.pk}:{version}", 1, timeout=_DRIFT_SECONDS):
        log.info("version_drift", portal=portal.member_id, stored=portal.app_version, seen=version)
        signals.version_drifted.send(Portal, portal=portal)
