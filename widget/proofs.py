"""Proofs of access while they are good: kept in Redis for all processes, and in the one that made or read them."""

import time
from dataclasses import asdict, dataclass

from django.core.cache import cache

from portals import shared
from portals.models import Portal

# Seconds. A proof is fresh for minutes: people leave chats. If the portal is away it serves for as long as the
# token it was made with may live.
FRESH = 5 * 60
STALE = 60 * 60


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved of one token and one dialog; cached, so plain values.

    ``portal`` and ``chat`` are our keys, ``portal_epoch`` and ``proved_at`` Unix seconds, ``chat_id`` the portal's
    number, ``entity`` what the chat belongs to, as "CRM:DEAL|15", "" for nothing.
    """

    portal: int
    portal_epoch: float
    chat: int
    chat_id: int
    viewer: int
    viewer_name: str
    can_write: bool
    admin: bool
    extranet: bool
    context: str
    proved_at: float
    entity: str = ""

    @property
    def age(self) -> float:
        """Seconds since the portal said so."""
        return time.time() - self.proved_at

    @property
    def fresh(self) -> bool:
        """Whether it is good without another look."""
        return self.age < FRESH

    def holds_at(self, portal: Portal) -> bool:
        """A change of the portal's status makes all its proofs void."""
        return (self.portal, self.portal_epoch) == (portal.pk, portal.status_changed_at.timestamp())


def remembered(key: str) -> Proof | None:
    """What this process knows by itself; who asks must see that it `holds_at` the portal of today."""
    return _read(shared.recall(key))


def known(key: str, portal: Portal) -> Proof | None:
    """What any process proved at this portal, as long as Redis is there."""
    proof = _read(cache.get(key) or shared.recall(key))
    return proof if proof and proof.holds_at(portal) else None


def keep(key: str, proof: Proof, seconds: float) -> None:
    """For all processes, for ``seconds`` from now."""
    cache.set(key, asdict(proof), timeout=seconds)


def remember(key: str, proof: Proof, seconds: float) -> None:
    """For this process, until ``seconds`` after it was proved."""
    shared.remember(key, asdict(proof), seconds - proof.age)


def _read(value: object) -> Proof | None:
    try:
        return Proof(**value) if isinstance(value, dict) else None
    except TypeError:  # written by another release
        return None
