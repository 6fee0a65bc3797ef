"""Where answers are kept, each under what it is an answer about, and what makes them void.

| key | an answer about |
|---|---|
| ``identity``: portal, hash of the token | whose token it is |
| ``person``: portal, viewer | who the viewer is |
| ``rights``: portal, viewer, dialog | what the viewer may do there |
| ``look``: portal, dialog of a group | who is in it |
| ``opened``, ``looked``: portal, dialog | when somebody last proved a right to it, when a look was kept |
| ``refused``: portal, viewer | since when what was kept of the viewer is void |

All are in Redis, for all processes. A process that cannot reach it, or finds it empty, goes by its own copies.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

from django.core.cache import cache, caches

from portals.infrastructure import shared
from widget.access.answers import MAY_FRESH, STALE, Answer, Identity, Look, Rights
from widget.access.claim import OpenClaim

A = TypeVar("A", bound=Answer)

# Seconds for which a process goes by what it remembers without asking Redis: as much later than others it hears
# that somebody was refused.
HERE: Final = 60


@dataclass(frozen=True, slots=True)
class OfToken:
    """What is kept about a token; when somebody last proved a right to the dialog, when names of its people came
    along (0: not within the hour)."""

    identity: Identity | None
    opened_at: float
    looked_at: float


@dataclass(frozen=True, slots=True)
class OfViewer:
    """What is kept about a viewer and a dialog; ``refused_at``: when the viewer was refused, 0 for never."""

    refused_at: float
    person: Identity | None
    rights: Rights | None
    look: Look | None


def of_token(claim: OpenClaim) -> OfToken:
    """One round trip."""
    identity, opened, looked = _read([_identity(claim), _opened(claim), _looked(claim)]).values()
    return OfToken(_as(Identity, identity), _moment(opened), _moment(looked))


def of_viewer(claim: OpenClaim, viewer: int) -> OfViewer:
    """One round trip."""
    keys = [_refused(claim, viewer), _person(claim, viewer), _rights(claim, viewer), _look(claim)]
    refused, person, rights, look = _read(keys).values()
    return OfViewer(_moment(refused), _as(Identity, person), _as(Rights, rights), _as(Look, look))


def token_ends(claim: OpenClaim, now: float) -> float:
    """When an identity under this token ends: with the token, by what is claimed of it; soon if nothing is."""
    return now + min(STALE, MAY_FRESH if claim.expires_in is None else claim.expires_in)


def keep_identity(claim: OpenClaim, identity: Identity) -> None:
    """Under the token alone."""
    seconds = identity.ends - time.time()
    if seconds > 0:
        cache.set(_identity(claim), asdict(identity), timeout=seconds)


def keep_person(claim: OpenClaim, identity: Identity) -> None:
    """Who a viewer is, whatever the token: the portal said so to them, or of them to a fellow member."""
    kept = asdict(identity) | {"ends": identity.at + STALE}
    cache.set(_person(claim, identity.viewer), kept, timeout=STALE)


def keep_viewer(claim: OpenClaim, identity: Identity) -> None:
    """What the portal has said of the holder of the token. One round trip; each answer knows when it ends."""
    values = {
        _identity(claim): asdict(identity),
        _person(claim, identity.viewer): asdict(identity) | {"ends": identity.at + STALE},
    }
    cache.set_many(values, timeout=STALE)


def keep_rights(claim: OpenClaim, viewer: int, rights: Rights, look: Look | None) -> None:
    """What the portal has said of the viewer's own right, and who else is there.

    A look is in Redis alone: of large chats it is too large for the memory of each process.
    """
    values: dict[str, Any] = {_rights(claim, viewer): asdict(rights), _opened(claim): rights.at}
    if look is not None:
        caches["redis"].set(_look(claim), asdict(look), timeout=STALE)
        values[_looked(claim)] = look.at
    cache.set_many(values, timeout=STALE)


def void_viewer(claim: OpenClaim, viewer: int) -> None:
    """Nothing that was kept of the viewer counts any more, in no process."""
    cache.set(_refused(claim, viewer), time.time(), timeout=STALE)


def void_token(claim: OpenClaim) -> None:
    """Nor whose the token was."""
    cache.set(_identity(claim), None, timeout=STALE)
    shared.forget(_here(_identity(claim)))


def remembered(claim: OpenClaim) -> tuple[Identity, Rights] | None:
    """What this process proved or read a moment ago. No round trip."""
    identity = _as(Identity, shared.recall(_here(_identity(claim))))
    if identity is None:
        return None
    rights = _as(Rights, shared.recall(_here(_rights(claim, identity.viewer))))
    refused_at = _moment(shared.recall(_refused(claim, identity.viewer)))
    if rights is None or min(identity.at, rights.at) <= refused_at:
        return None
    return identity, rights


def remember(claim: OpenClaim, identity: Identity, rights: Rights) -> None:
    """For this process."""
    seconds = min(HERE, identity.ends - time.time())
    if seconds > 0:
        shared.remember(_here(_identity(claim)), asdict(identity), seconds)
        shared.remember(_here(_rights(claim, identity.viewer)), asdict(rights), seconds)


def _read(keys: Iterable[str]) -> Mapping[str, Any]:
    found = cache.get_many(keys) or {}
    return {key: found[key] if key in found else shared.recall(key) for key in keys}


def _as(kind: type[A], value: object) -> A | None:
    try:
        return kind(**value) if isinstance(value, dict) else None
    except TypeError:  # written by another release
        return None


def _moment(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _here(key: str) -> str:
    return f"here:{key}"


def _identity(claim: OpenClaim) -> str:
    return f"identity:{claim.member_id}:{claim.token_hash}"


def _person(claim: OpenClaim, viewer: int) -> str:
    return f"person:{claim.member_id}:{viewer}"


def _rights(claim: OpenClaim, viewer: int) -> str:
    return f"rights:{claim.member_id}:{viewer}:{claim.dialog_id}"


def _look(claim: OpenClaim) -> str:
    """Of a group: a number is another chat for each viewer, and no look is kept under one."""
    return f"look:{claim.member_id}:{claim.dialog_id}"


def _opened(claim: OpenClaim) -> str:
    return f"opened:{claim.member_id}:{claim.dialog_id}"


def _looked(claim: OpenClaim) -> str:
    return f"looked:{claim.member_id}:{claim.dialog_id}"


def _refused(claim: OpenClaim, viewer: int) -> str:
    return f"refused:{claim.member_id}:{viewer}"
