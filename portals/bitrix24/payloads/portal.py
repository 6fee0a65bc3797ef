"""Answers of a portal about its people and chats."""

from dataclasses import dataclass
from typing import Final, Self

from portals.bitrix24.errors import UserInactive
from portals.bitrix24.payloads.fields import Reply

_PARTICIPANTS: Final = frozenset({"owner", "manager", "member"})


@dataclass(frozen=True, slots=True)
class Profile:
    """The user behind a token. Source: Bitrix24 REST docs, "profile"."""

    user_id: int
    admin: bool
    name: str
    last_name: str
    time_zone: str

    @classmethod
    def parse(cls, result: object) -> Self:
        """Raises: UserInactive for the empty answer that a portal gives about a dismissed user."""
        reply = Reply.of(result)
        if not reply.fields:
            raise UserInactive("profile_empty")
        return cls(
            user_id=reply.need_id("ID"),
            admin=reply.flag("ADMIN"),
            name=reply.text("NAME", limit=255),
            last_name=reply.text("LAST_NAME", limit=255),
            time_zone=reply.text("TIME_ZONE", limit=64),
        )


@dataclass(frozen=True, slots=True)
class Dialog:
    """A chat as ``im.dialog.get`` shows it to the token's user, who may therefore read it.

    ``chat_id`` is the canonical number, equal for both sides of a private chat. ``role`` and most other texts
    are "" on portals too old to send them. Source: Bitrix24 REST docs, "im.dialog.get".
    """

    chat_id: int
    name: str
    type: str
    message_type: str
    role: str
    entity_type: str
    entity_id: str
    extranet: bool
    owner: int | None
    user_counter: int | None

    @classmethod
    def parse(cls, result: object) -> Self:
        """Raises: BadAnswer without ``id``."""
        reply = Reply.of(result)
        return cls(
            chat_id=reply.need_id("id"),
            name=reply.text("name", limit=255),
            type=reply.text("type", limit=32),
            message_type=reply.text("message_type", limit=8).upper(),
            role=reply.text("role", limit=16).lower(),
            entity_type=reply.text("entity_type", limit=64),
            entity_id=reply.text("entity_id", limit=255),
            extranet=reply.flag("extranet"),
            owner=reply.integer("owner"),
            user_counter=reply.integer("user_counter"),
        )

    @property
    def takes_part(self) -> bool:
        """Whether the user is a participant, not only somebody who may read (open chats, open lines)."""
        return self.role in _PARTICIPANTS


@dataclass(frozen=True, slots=True)
class ImUser:
    """A person as the messenger shows one. Source: Bitrix24 REST docs, "im.user.get"."""

    user_id: int
    extranet: bool
    bot: bool

    @classmethod
    def parse(cls, result: object) -> Self:
        """Raises: BadAnswer without ``id``."""
        reply = Reply.of(result)
        return cls(user_id=reply.need_id("id"), extranet=reply.flag("extranet"), bot=reply.flag("bot"))
