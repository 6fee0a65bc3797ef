"""The way of an open, from top to bottom: claim → who? → may they? → audience → access.

*Who holds this token?* and *may this person see this chat?* are two questions. An answer to the first says nothing
of any chat, an answer to the second nothing of any token; each is kept under what it is about, so none about one
viewer, portal or application serves another (docs/adr/0080-two-questions-of-an-open.md). Each question goes to its
sources in turn until one answers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import structlog

from portals.bitrix24.errors import Bitrix24Error
from portals.models import Portal
from portals.refusals import refusal_for
from widget.access import audience, kept
from widget.access.answers import STALE, Identity, Rights
from widget.access.authorization import AuthorizationServer
from widget.access.claim import OpenClaim
from widget.access.everywhere import RightsEverywhere, TokenEverywhere
from widget.access.fellows import FellowMember
from widget.access.here import RightsHere, TokenHere
from widget.access.inquiry import Away, Inquiry
from widget.access.portal import RightsAtPortal, ViewerAtPortal
from widget.access.private import PrivateChat
from widget.access.sessions import LIFETIME, WidgetSession

log = structlog.get_logger(__name__)

# Seconds of a session that rests on answers of before the portal was away.
_STALE_SESSION: Final = 5 * 60


class ProofSource(StrEnum):
    """Whom it took to prove an open, in the order in which they are asked; the ``outcome`` in the metrics."""

    WARM = "warm"  # nobody: both answers were kept
    KNOWN = "known"  # the authorization server said who; what they may do was known
    SHARED = "shared"  # a fellow member's look said what they may do
    COLD = "cold"  # the portal
    STALE = "stale"  # nobody new: the portal cannot be reached, and answers of the last hour count


class WhoSource(Protocol):
    """Says whose the token is, or None."""

    def answer(self, inquiry: Inquiry) -> Identity | None: ...


class MaySource(Protocol):
    """Says what a viewer may do in the chat, or None."""

    def answer(self, inquiry: Inquiry, identity: Identity) -> Rights | None: ...


WHO: Final[Sequence[tuple[ProofSource, WhoSource]]] = (
    (ProofSource.WARM, TokenHere()),
    (ProofSource.WARM, TokenEverywhere()),
    (ProofSource.KNOWN, AuthorizationServer()),
    (ProofSource.COLD, ViewerAtPortal()),
)
MAY: Final[Sequence[tuple[ProofSource, MaySource]]] = (
    (ProofSource.WARM, RightsHere()),
    (ProofSource.WARM, RightsEverywhere()),
    (ProofSource.KNOWN, PrivateChat()),
    (ProofSource.SHARED, FellowMember()),
    (ProofSource.COLD, RightsAtPortal()),
)


@dataclass(frozen=True, slots=True)
class Access:
    """A viewer who may see a chat of a portal.

    Of a warm one ``portal`` has only the fields that an open needs; ``revision`` is the chat's, None if it did not
    come along.
    """

    portal: Portal
    identity: Identity
    rights: Rights
    source: ProofSource
    revision: int | None = None

    def session(self) -> WidgetSession:
        """The session this access is worth: it ends 15 minutes after the older of the answers was given."""
        oldest = min(self.identity.at, self.rights.at)
        ends = oldest + LIFETIME.total_seconds()
        if self.source is ProofSource.STALE:
            ends = min(time.time() + _STALE_SESSION, oldest + STALE)
        return WidgetSession(
            portal=self.portal.pk,
            portal_epoch=self.portal.status_changed_at.timestamp(),
            chat=self.rights.chat,
            viewer=self.identity.viewer,
            viewer_name=self.identity.name,
            can_write=self.rights.can_write,
            admin=self.identity.admin,
            extranet=self.identity.extranet,
            context=self.rights.context,
            ends=ends,
        )


def prove(claim: OpenClaim) -> Access:
    """Raises: Refusal."""
    inquiry = Inquiry.about(claim)
    try:
        access = _proved(inquiry)
    except Bitrix24Error as error:
        raise refusal_for(error) from None
    audience.enforce(
        inquiry.sidebar,
        admin=access.identity.admin,
        extranet=access.identity.extranet,
        context=access.rights.context,
    )
    return access


def _proved(inquiry: Inquiry) -> Access:
    """With answers of the last hour while the portal cannot be reached. Raises: Refusal, Bitrix24Error."""
    try:
        return _walked(inquiry)
    except Away as away:
        inquiry.wait_for(away)
        reason = away.error.code
    access = _walked(inquiry)
    log.warning("open_on_stale_answers", portal=inquiry.portal.member_id, reason=reason)
    return access


def _walked(inquiry: Inquiry) -> Access:
    """Raises: Refusal, Bitrix24Error, Away."""
    identity, who = _identity(inquiry)
    rights, may = (inquiry.rights, who) if inquiry.rights else _rights(inquiry, identity)
    if inquiry.away:
        return Access(inquiry.portal, identity, rights, ProofSource.STALE)
    if inquiry.here is None:
        kept.remember(inquiry.claim, identity, rights)
    source = max(who, may, key=list(ProofSource).index)
    return Access(inquiry.portal, identity, rights, source, inquiry.revision)


def _identity(inquiry: Inquiry) -> tuple[Identity, ProofSource]:
    for kind, source in WHO:
        if identity := source.answer(inquiry):
            return identity, kind
    raise AssertionError("the portal answers or raises")


def _rights(inquiry: Inquiry, identity: Identity) -> tuple[Rights, ProofSource]:
    for kind, source in MAY:
        if rights := source.answer(inquiry, identity):
            return rights, kind
    raise AssertionError("the portal answers or raises")
