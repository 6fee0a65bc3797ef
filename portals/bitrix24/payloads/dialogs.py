"""Dialog ids: how one viewer names a chat."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from portals.bitrix24.payloads.fields import PayloadError

_PATTERN: Final = re.compile(r"(chat|sg|crm)?([0-9]{1,18})", re.IGNORECASE | re.ASCII)
_LONGEST: Final = 22


class DialogKind(StrEnum):
    """What the number of a dialog id counts."""

    USER = ""
    CHAT = "chat"
    WORKGROUP = "sg"
    CRM = "crm"


@dataclass(frozen=True, slots=True)
class DialogId:
    """A well-formed ``dialogId``.

    A plain number is the *other* person of a private chat, so the same id names different chats for different
    viewers: never a key for content.

    ``str()`` is the canonical form: lower case, no leading zeros.
    Source: Bitrix24 REST docs, "Chats: identifiers".
    """

    kind: DialogKind
    number: int

    @classmethod
    def parse(cls, value: object) -> Self:
        """Raises: PayloadError ``dialog_id_missing`` or ``dialog_id_invalid``."""
        if value is None or value == "":
            raise PayloadError("dialog_id_missing")
        # JSON may carry the number of a private chat as a number.
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        match = _PATTERN.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
        if match is None or int(match[2]) == 0:
            raise PayloadError("dialog_id_invalid")
        return cls(DialogKind((match[1] or "").lower()), int(match[2]))

    def __str__(self) -> str:
        return f"{self.kind.value}{self.number}"
