"""The two questions of an open, and how long their answers are good."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Final

# Seconds. People leave chats more often than companies.
# While the portal cannot be reached, both are good for an hour.
WHO_FRESH: Final = 10 * 60
MAY_FRESH: Final = 5 * 60
STALE: Final = 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Something that the portal said.

    ``at``: the moment before it was asked; ``ends``: when the answer is worth nothing any more (both Unix seconds);
    ``epoch``: the portal's last change of status, which makes all earlier answers void.
    """

    fresh_for: ClassVar[float] = MAY_FRESH

    epoch: float
    at: float
    ends: float

    def is_good(self, epoch: float, *, stale: bool = False) -> bool:
        """Whether it counts now; ``stale``: for who takes what is no longer fresh."""
        now = time.time()
        return (
            self.epoch == epoch and now - self.at < (STALE if stale else self.fresh_for) and now < self.ends
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Answer):
    """Who holds a token. ``admin`` is None where nobody has asked for it."""

    fresh_for: ClassVar[float] = WHO_FRESH

    viewer: int
    name: str
    admin: bool | None
    extranet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights(Answer):
    """That one viewer may see one chat.

    ``chat`` is our key, ``chat_id`` the portal's number; ``context`` is the kind of chat in the placement's terms,
    ``entity`` what the chat belongs to, as "CRM:DEAL|15", "" for nothing.
    """

    chat: int
    chat_id: int
    context: str
    entity: str
    can_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Rights):
    """What a member of a group chat may do, and who its members are, as the portal told one who opened it.

    ``people``: names of active ones and whether they are guests, under their numbers as text, as JSON has them; of
    a large chat they are not all.
    """

    people: Mapping[str, tuple[str, bool]]

    def identity_of(self, viewer: int) -> Identity | None:
        """Who somebody in the chat is; whether an administrator, it does not tell."""
        person = self.people.get(str(viewer))
        if person is None:
            return None
        name, extranet = person
        return Identity(
            epoch=self.epoch,
            at=self.at,
            ends=self.ends,
            viewer=viewer,
            name=name,
            admin=None,
            extranet=extranet,
        )

    def rights_of(self, viewer: int) -> Rights | None:
        """The same for every member."""
        if str(viewer) not in self.people:
            return None
        return Rights(**{each.name: getattr(self, each.name) for each in fields(Rights)})
