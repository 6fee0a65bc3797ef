"""What a proof is good for besides the one open it was made for, so that a morning rush fits a portal's limits.

Three facts, each learnt from the portal itself and kept for minutes under the portal's epoch:

* who a token belongs to does not depend on the chat: one proof serves every chat that person opens;
* who is in a group chat does not depend on who asks: one member's proof serves the other members;
* a private chat is the chat of its two people: one's proof serves the other.

While many stand in line at the portal, a fourth fact helps: its members' names, as a fellow member's look at the
chat shows them (`Person`), so that the authorization server can say who a token belongs to (see `vouching`).

A fact is only ever combined with the *proved* identity of the viewer, and people outside a list of members (readers
of an open chat, say) are proved by themselves.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from django.core.cache import cache

from portals.bitrix24.payloads import DialogId, DialogKind
from portals.models import Portal

T = TypeVar("T")

# Seconds. People leave chats, so a list of members is as fresh as any proof of access. Who somebody is lasts as
# long as a widget session would.
MEMBERS_FRESH = 5 * 60
IDENTITY_FRESH = 15 * 60
PAIR_FRESH = 15 * 60
_MOST_MEMBERS = 2_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token belongs to."""

    viewer: int
    name: str
    admin: bool
    extranet: bool


@dataclass(frozen=True, slots=True)
class KnownChat:
    """A chat and who takes part in it. ``chat`` is our key, ``chat_id`` the portal's; ``proved_at`` in seconds."""

    chat: int
    chat_id: int
    context: str
    members: list[int]
    proved_at: float
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody active at a portal, as a fellow member sees them."""

    name: str
    extranet: bool


def people_known(portal: Portal, dialog_id: DialogId) -> bool:
    """Whether the people of a group chat have been read lately."""
    return cache.get(_key(portal, "people", str(dialog_id))) is not None


def remember_people(portal: Portal, dialog_id: DialogId, people: Mapping[int, Person]) -> None:
    """Keep who the members of a chat are."""
    values = {_key(portal, "person", str(number)): asdict(person) for number, person in people.items()}
    cache.set_many(values, timeout=IDENTITY_FRESH * 2)
    cache.set(_key(portal, "people", str(dialog_id)), 1, timeout=IDENTITY_FRESH)


def person(portal: Portal, viewer: int) -> Person | None:
    """Somebody of whom a fellow member's look told."""
    return _read(Person, _key(portal, "person", str(viewer)))


def identity(portal: Portal, token_hash: str) -> Identity | None:
    """The proved owner of a token, while that is fresh."""
    return _read(Identity, _key(portal, "identity", token_hash))


def remember_identity(portal: Portal, token_hash: str, found: Identity, *, usable_for: float) -> None:
    """Keep it, not longer than the token lives; seconds."""
    _write(_key(portal, "identity", token_hash), found, min(IDENTITY_FRESH, usable_for))


def group_known(portal: Portal, dialog_id: DialogId) -> bool:
    """Whether a fresh list of members of this group chat is at hand."""
    return dialog_id.kind is not DialogKind.USER and cache.get(_chat_key(portal, 0, dialog_id)) is not None


def chat_for(portal: Portal, viewer: int, dialog_id: DialogId) -> KnownChat | None:
    """The chat of a dialog, if somebody's fresh proof shows that ``viewer`` takes part in it."""
    found = _read(KnownChat, _chat_key(portal, viewer, dialog_id))
    return found if found and viewer in found.members else None


def remember_chat(portal: Portal, viewer: int, dialog_id: DialogId, found: KnownChat) -> None:
    """Keep a chat and its members, as the portal told ``viewer`` who takes part in it."""
    if viewer in found.members and len(found.members) <= _MOST_MEMBERS:
        private = dialog_id.kind is DialogKind.USER
        _write(_chat_key(portal, viewer, dialog_id), found, PAIR_FRESH if private else MEMBERS_FRESH)


def members_of(dialog_id: DialogId, viewer: int, listed: object) -> list[int]:
    """Members of a dialog: the two of a private chat, or an answer of ``im.chat.user.list``."""
    if dialog_id.kind is DialogKind.USER:
        return [viewer, dialog_id.number]
    values: Collection[object] = listed.values() if isinstance(listed, Mapping) else ()
    if isinstance(listed, list):
        values = listed
    return [
        int(value)
        for value in values
        if isinstance(value, int) or (isinstance(value, str) and value.isdigit())
    ]


def _chat_key(portal: Portal, viewer: int, dialog_id: DialogId) -> str:
    """A private chat under both its people, any other under its name, which is everybody's."""
    if dialog_id.kind is DialogKind.USER:
        first, second = sorted((viewer, dialog_id.number))
        return _key(portal, "pair", f"{first}-{second}")
    return _key(portal, "chat", str(dialog_id))


def _key(portal: Portal, kind: str, name: str) -> str:
    return f"{kind}:{portal.pk}:{portal.status_changed_at.timestamp()}:{name}"


def _write(key: str, value: Identity | KnownChat, seconds: float) -> None:
    cache.set(key, asdict(value), timeout=seconds)


def _read(kind: type[T], key: str) -> T | None:
    value = cache.get(key)
    try:
        return kind(**value) if isinstance(value, dict) else None
    except TypeError:  # written by another release
        return None
