"""The compact form in which a demo portal is written down."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from emulator.state import MessageType, User


class File(NamedTuple):
    """A text file in a chat's folder."""

    name: str
    text: str


@dataclass(frozen=True)
class ChatScript:
    """A chat; `talk` has one message a line, `<author id>: <text>`, author 0 is the system."""

    id: int
    message_type: MessageType
    title: str
    members: list[int]
    talk: str
    owner: int = 0
    managers: list[int] = field(default_factory=list)
    may_join: list[int] = field(default_factory=list)
    entity: tuple[str, str] = ("", "")
    color: str = "#4ba984"
    files: list[File] = field(default_factory=list)


@dataclass(frozen=True)
class PortalScript:
    """A portal; `bucket` is the leaky bucket's (X, Y)."""

    key: str
    title: str
    member_id: str
    generation: Literal["new", "old"]
    licence: str
    bucket: tuple[float, float]
    people: list[User]
    chats: list[ChatScript]
