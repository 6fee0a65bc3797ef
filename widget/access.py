"""From an open to a proved viewer and chat.

Nothing in the request is believed: the viewer's own token must show, at the portal's *stored* endpoint, that it
is our application's, who the viewer is and that this person may read the dialog.
"""

import hashlib
import time
from dataclasses import asdict, dataclass, field

import structlog
from django.core.cache import cache

from portals import gateway, visits
from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.bitrix24.payloads import Dialog, DialogId, ImUser, OpenRequest, PayloadError
from portals.bitrix24.placements import Context
from portals.handlers import SidebarSettings
from portals.heal import heal
from portals.models import Portal
from portals.refusals import Refusal, refusal_for
from widget.models import Chat
from widget.sessions import WidgetSession

log = structlog.get_logger(__name__)

# Seconds. A proof is fresh for minutes: people leave chats. If the portal is away it serves for as long as the
# token it was made with may live.
FRESH = 5 * 60
STALE = 60 * 60


@dataclass(frozen=True, slots=True)
class Claim:
    """The part of an open that says who wants to see what."""

    member_id: str
    access_token: str = field(repr=False)
    dialog_id: DialogId
    expires_in: int | None
    refresh_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, opened: OpenRequest) -> "Claim":
        """Raises: Refusal."""
        if opened.access_token is None:
            raise Refusal("token_missing")
        try:
            dialog_id = opened.dialog_id
        except PayloadError as error:
            raise Refusal(error.reason) from None
        return cls(opened.member_id, opened.access_token, dialog_id, opened.expires_in, opened.refresh_token)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved of one token and one dialog; cached, so plain values. ``proved_at`` in Unix seconds."""

    chat: int
    viewer: int
    viewer_name: str
    can_write: bool
    proved_at: float


@dataclass(frozen=True, slots=True)
class Access:
    """A viewer who may see a chat of a portal."""

    portal: Portal
    proof: Proof

    def session(self) -> WidgetSession:
        """The session this access is worth."""
        return WidgetSession(
            portal=self.portal.pk,
            portal_epoch=self.portal.status_changed_at.timestamp(),
            chat=self.proof.chat,
            viewer=self.proof.viewer,
            viewer_name=self.proof.viewer_name,
            can_write=self.proof.can_write,
        )


def prove(claim: Claim) -> Access:
    """Prove a claim: warm from the cache, cold with one batch to the portal.

    Raises: Refusal.
    """
    portal = visits.portal_for(claim.member_id)
    key = _cache_key(portal, claim)
    known = _cached(key)
    age = time.time() - known.proved_at if known else float("inf")
    if known and age < FRESH:
        return Access(portal, known)
    try:
        proof = _prove_at_portal(portal, claim)
    except Bitrix24Error as error:
        if known and age < _usable_for(claim) and error.disposition is Disposition.RETRY_LATER:
            log.warning("open_on_stale_proof", portal=portal.member_id, reason=error.code)
            return Access(portal, known)
        raise refusal_for(error) from None
    cache.set(key, asdict(proof), timeout=_usable_for(claim))
    return Access(portal, proof)


def _prove_at_portal(portal: Portal, claim: Claim) -> Proof:
    """Raises: Refusal, Bitrix24Error."""
    client = gateway.rest(portal.client_endpoint, claim.access_token)
    answers = client.batch(
        {
            **visits.COMMANDS,
            "viewer": ("im.user.get", {}),
            "dialog": ("im.dialog.get", {"DIALOG_ID": str(claim.dialog_id)}),
        }
    )
    profile = visits.prove_visitor(portal, answers)
    visits.enforce_role(portal, profile)
    viewer = ImUser.parse(answers["viewer"])
    dialog = Dialog.parse(answers["dialog"])
    _enforce_audience(portal, viewer, dialog)
    chat, _ = Chat.objects.get_or_create(portal=portal, chat_id=dialog.chat_id)
    visits.used(portal)
    heal(portal, profile, claim)
    name = f"{profile.name} {profile.last_name}".strip()
    return Proof(
        chat=chat.pk,
        viewer=profile.user_id,
        viewer_name=name or f"#{profile.user_id}",
        can_write=dialog.takes_part,
        proved_at=time.time(),
    )


def _enforce_audience(portal: Portal, viewer: ImUser, dialog: Dialog) -> None:
    """``extranet`` and ``context`` of the placement, which steer only what Bitrix24 shows. Raises: Refusal."""
    sidebar = SidebarSettings.of(portal.placement_settings)
    if viewer.extranet and not sidebar.extranet:
        raise Refusal("employees_only")
    if Context.ALL not in sidebar.context and _context(dialog) not in sidebar.context:
        raise Refusal("context_excluded")


def _context(dialog: Dialog) -> Context:
    """The kind of chat in the placement's terms (Bitrix24 REST docs, "IM_SIDEBAR")."""
    if dialog.message_type == "P":
        return Context.USER
    if dialog.message_type == "L":
        return Context.LINES
    return Context.CRM if dialog.entity_type.upper() == "CRM" else Context.CHAT


def _usable_for(claim: Claim) -> int:
    """Seconds; the claimed lifetime of a token can only shorten it."""
    return min(STALE, claim.expires_in) if claim.expires_in else STALE


def _cache_key(portal: Portal, claim: Claim) -> str:
    """Portal, token and dialog together, and the portal's epoch: a status change makes all its proofs void."""
    token = hashlib.sha256(claim.access_token.encode()).hexdigest()
    return f"access:{portal.pk}:{portal.status_changed_at.timestamp()}:{token}:{claim.dialog_id}"


def _cached(key: str) -> Proof | None:
    value = cache.get(key)
    return Proof(**value) if isinstance(value, dict) else None
