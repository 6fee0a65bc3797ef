"""From an open to a proved viewer and chat.

Nothing in the request is believed: the viewer's own token must show, at the portal's *stored* endpoint, that it
is our application's, who the viewer is and that this person may read the dialog.
"""

import hashlib
import time
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from portals import moves, visits
from portals.bitrix24.errors import AccessDenied, Bitrix24Error, Disposition
from portals.bitrix24.handlers import rows
from portals.bitrix24.payloads import Dialog, DialogId, DialogKind, ImUser, OpenRequest, PayloadError
from portals.bitrix24.placements import Context, Role
from portals.bitrix24.rest import BatchResult, Command, RestClient
from portals.heal import heal
from portals.models import Portal
from portals.placements import SidebarSettings
from portals.refusals import Refusal, refusal_for
from widget import proofs, shares
from widget.hidden import without_hidden
from widget.models import Chat
from widget.proofs import STALE, Proof
from widget.sessions import WidgetSession
from widget.shares import Identity, KnownChat, Person
from widget.vouching import vouched

log = structlog.get_logger(__name__)

_LONGEST_NAME = 255
# People of a group chat that one look brings along (the portal's largest page, and how many of them).
_PAGE, _PAGES = 200, 3


@dataclass(frozen=True, slots=True)
class Claim:
    """The part of an open that says who wants to see what."""

    member_id: str
    access_token: str = field(repr=False)
    dialog_id: DialogId
    expires_in: int | None
    refresh_token: str | None = field(default=None, repr=False)
    domain: str = ""

    @classmethod
    def of(cls, opened: OpenRequest) -> "Claim":
        """Raises: Refusal."""
        if opened.access_token is None:
            raise Refusal("token_missing")
        try:
            dialog_id = opened.dialog_id
        except PayloadError as error:
            raise Refusal(error.reason) from None
        return cls(
            opened.member_id,
            opened.access_token,
            dialog_id,
            opened.expires_in,
            opened.refresh_token,
            opened.domain,
        )

    @property
    def token_hash(self) -> str:
        """What stands for the token in keys of the cache."""
        return hashlib.sha256(self.access_token.encode()).hexdigest()

    @property
    def key(self) -> str:
        """What its proof is kept under: portal, token and dialog together."""
        return f"access:{self.member_id}:{self.token_hash}:{self.dialog_id}"


class How(StrEnum):
    """What a proof was made of; also the ``outcome`` of opens in the metrics."""

    WARM = "warm"  # this viewer's own, from the cache
    SHARED = "shared"  # the viewer's identity and a fellow member's look, both from the cache
    COLD = "cold"  # asked of the portal
    STALE = "stale"  # this viewer's own, no longer fresh: the portal does not answer


@dataclass(frozen=True, slots=True)
class Access:
    """A viewer who may see a chat of a portal.

    Of a warm access ``portal`` has only the fields that one needs; ``revision`` is the chat's, None if it did not
    come along.
    """

    portal: Portal
    proof: Proof
    how: How
    revision: int | None = None

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
    """Prove a claim: warm from what is known of it, from what others proved, or cold with one batch to the portal.

    Whatever the proof, the portal's settings of today decide. Raises: Refusal.
    """
    return _at_once(claim) or _looked_up(claim)


def _at_once(claim: Claim) -> Access | None:
    """By what this process proved a moment ago: one query, no other round trip. Raises: Refusal."""
    proof = proofs.remembered(claim.key)
    found = Chat.objects.opened(proof.chat, claim.member_id) if proof and proof.fresh else None
    if proof is None or found is None:
        return None
    portal, revision = found
    visits.require_open(portal)
    if not proof.holds_at(portal) or not _sufficient(proof, portal):
        return None
    _enforce_audience(portal, proof)
    return Access(portal, proof, How.WARM, revision)


def _looked_up(claim: Claim) -> Access:
    """Raises: Refusal."""
    portal = visits.portal_for(claim.member_id)
    proof, how = _proof(portal, claim)
    _enforce_audience(portal, proof)
    return Access(portal, proof, how)


def _proof(portal: Portal, claim: Claim) -> tuple[Proof, How]:
    """Raises: Refusal."""
    known = proofs.known(claim.key, portal)
    if known and known.fresh and _sufficient(known, portal):
        proofs.remember(claim.key, known, _usable_for(claim))
        return known, How.WARM
    identity = shares.identity(portal, claim.token_hash)
    try:
        proof = _shared(portal, claim, identity)
        if proof is None and identity is None and not _for_administrators(portal):
            proof = _shared(portal, claim, vouched(portal, claim.access_token, claim.dialog_id))
        how = How.SHARED if proof else How.COLD
        proof = proof or _prove_at_portal(portal, claim, identity)
    except Bitrix24Error as error:
        if known and known.age < _usable_for(claim) and error.disposition is Disposition.RETRY_LATER:
            log.warning("open_on_stale_proof", portal=portal.member_id, reason=error.code)
            return known, How.STALE
        raise refusal_for(error) from None
    proofs.keep(claim.key, proof, _usable_for(claim))
    return proof, how


def _for_administrators(portal: Portal) -> bool:
    return SidebarSettings.of(portal.placement_settings).role is Role.ADMIN


def _sufficient(proof: Proof, portal: Portal) -> bool:
    """A proof may be silent about who is an administrator, so none refuses for that reason."""
    return proof.admin or not _for_administrators(portal)


def _shared(portal: Portal, claim: Claim, identity: Identity | None) -> Proof | None:
    """A proof made of others: the viewer's identity, and a fellow member's look at the chat."""
    if identity is None:
        return None
    known = shares.chat_for(portal, identity.viewer, claim.dialog_id)
    if known is None:
        return None
    return _proof_of(portal, identity, known, can_write=True)


def _prove_at_portal(portal: Portal, claim: Claim, identity: Identity | None) -> Proof:
    """Raises: Refusal, Bitrix24Error."""
    answers = moves.ask(
        portal,
        claim.access_token,
        lambda client: _ask(client, portal, claim, known=identity is not None),
        claimed_domain=claim.domain,
    )
    if identity is None:
        identity = _identify(portal, claim, answers)
    dialog = _dialog(answers)
    chat, _ = Chat.objects.get_or_create(portal=portal, chat_id=dialog.chat_id)
    visits.used(portal)
    now, context = time.time(), _context(dialog)
    members = shares.members_of(claim.dialog_id, identity.viewer, answers.results.get("members"))
    # A number is somebody's private chat with the viewer; whatever else it led to is not shared.
    private = claim.dialog_id.kind is DialogKind.USER
    if dialog.takes_part and not private:
        _remember_people(portal, claim, answers)
    entity = f"{dialog.entity_type}:{dialog.entity_id}" if dialog.entity_type else ""
    known = KnownChat(chat.pk, chat.chat_id, context, members, now, entity)
    if dialog.takes_part and (not private or context is Context.USER):
        shares.remember_chat(portal, identity.viewer, claim.dialog_id, known)
    return _proof_of(portal, identity, known, can_write=dialog.takes_part)


def _dialog(answers: BatchResult) -> Dialog:
    """Raises: Refusal, Bitrix24Error."""
    try:
        return Dialog.parse(answers["dialog"])
    except AccessDenied as error:
        raise Refusal("no_access", detail=str(error)) from None


def _ask(client: RestClient, portal: Portal, claim: Claim, *, known: bool) -> BatchResult:
    """One request: the dialog, who is in it, and who asks unless that is ``known``."""
    commands: dict[str, Command] = {} if known else {**visits.COMMANDS, "viewer": ("im.user.get", {})}
    commands["dialog"] = ("im.dialog.get", {"DIALOG_ID": str(claim.dialog_id)})
    if claim.dialog_id.kind is not DialogKind.USER:
        commands["members"] = ("im.chat.user.list", {"CHAT_ID": "$result[dialog][id]"})
        if not shares.people_known(portal, claim.dialog_id):
            commands |= {
                f"people_{page}": (
                    "im.dialog.users.list",
                    {"DIALOG_ID": str(claim.dialog_id), "LIMIT": _PAGE, "OFFSET": page * _PAGE},
                )
                for page in range(_PAGES)
            }
    return client.batch(commands)


def _remember_people(portal: Portal, claim: Claim, answers: BatchResult) -> None:
    """Keep the names that came along, of people who are active."""
    people = {}
    for page in range(_PAGES):
        for row in rows(answers.results.get(f"people_{page}")):
            number = row.integer("id")
            if number and row.flag("active"):
                name = without_hidden(row.text("name", limit=255)).strip()
                people[number] = Person(name or f"#{number}", row.flag("extranet"))
    if people:
        shares.remember_people(portal, claim.dialog_id, people)


def _identify(portal: Portal, claim: Claim, answers: BatchResult) -> Identity:
    """Raises: Refusal, Bitrix24Error."""
    profile = visits.prove_visitor(portal, answers)
    viewer = ImUser.parse(answers["viewer"])
    name = (
        without_hidden(f"{profile.name} {profile.last_name}").strip()[:_LONGEST_NAME] or f"#{profile.user_id}"
    )
    identity = Identity(profile.user_id, name, profile.admin, viewer.extranet)
    shares.remember_identity(portal, claim.token_hash, identity, usable_for=_usable_for(claim))
    heal(portal, profile, claim)
    return identity


def _proof_of(portal: Portal, identity: Identity, known: KnownChat, *, can_write: bool) -> Proof:
    return Proof(
        portal=portal.pk,
        portal_epoch=portal.status_changed_at.timestamp(),
        chat=known.chat,
        chat_id=known.chat_id,
        viewer=identity.viewer,
        viewer_name=identity.name,
        can_write=can_write,
        admin=identity.admin,
        extranet=identity.extranet,
        context=str(known.context),
        proved_at=known.proved_at,
        entity=known.entity,
    )


def _enforce_audience(portal: Portal, proof: Proof) -> None:
    """The options of the placement steer only what Bitrix24 shows; here they are rules. Raises: Refusal."""
    sidebar = SidebarSettings.of(portal.placement_settings)
    if sidebar.role is Role.ADMIN and not proof.admin:
        raise Refusal("administrators_only")
    if proof.extranet and not sidebar.extranet:
        raise Refusal("employees_only")
    if Context.ALL not in sidebar.context and proof.context not in sidebar.context:
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
