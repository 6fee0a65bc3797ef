"""What an error of Bitrix24 does to a token and its portal: one table, read by everything that calls.

The authorization server decides about portals. A portal's own word is enough to stop working with it, never to
destroy anything.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.models import Portal


class Source(StrEnum):
    """Who answered."""

    AUTHORIZATION_SERVER = "authorization_server"
    PORTAL = "portal"


class Effect(StrEnum):
    """What becomes of token and portal."""

    NONE = "none"  # try again, nothing else
    REFRESH = "refresh"  # refresh the access token and repeat once
    TOKEN_DIES = "token_dies"  # noqa: S105  # and with a portal's last token it is blocked
    BLOCK = "block"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Patience:
    """Exponential backoff with full jitter (AWS, "Exponential Backoff And Jitter"); seconds."""

    first: float
    longest: float

    def wait(self, failures: int, error: Bitrix24Error) -> float:
        """Seconds until the next try after ``failures`` earlier ones; never less than Bitrix24 asked for."""
        ceiling = min(self.longest, self.first * 2 ** min(failures, 30))
        return (error.retry_after or 0.0) + random.uniform(0, ceiling)  # noqa: S311


@dataclass(frozen=True, slots=True)
class Consequence:
    """``reason`` is the portal's status reason where the effect changes its status."""

    effect: Effect
    patience: Patience
    reason: str = ""


SOON: Final = Patience(first=30, longest=3600)
# Somebody has to act first, so asking more often only makes noise at Bitrix24.
SELDOM: Final = Patience(first=600, longest=24 * 3600)

_OF_AUTHORIZATION_SERVER: Final[Mapping[Disposition, Consequence]] = {
    Disposition.RETRY_LATER: Consequence(Effect.NONE, SOON),
    Disposition.REFRESH_TOKEN: Consequence(Effect.NONE, SOON),
    Disposition.TOKEN_DEAD: Consequence(Effect.TOKEN_DIES, SELDOM, "token_dead"),
    Disposition.NOT_INSTALLED: Consequence(Effect.DELETE, SELDOM, "not_installed"),
    Disposition.UNPAID: Consequence(Effect.BLOCK, SELDOM, "unpaid"),
    Disposition.PORTAL_GONE: Consequence(Effect.BLOCK, SELDOM, "portal_gone"),
    Disposition.PORTAL_MOVED: Consequence(Effect.NONE, SOON),
    Disposition.DENIED: Consequence(Effect.NONE, SELDOM),
    Disposition.AWAIT_CONFIRMATION: Consequence(Effect.NONE, SELDOM),
    Disposition.MISCONFIGURED: Consequence(Effect.NONE, SELDOM),
    Disposition.BUG: Consequence(Effect.NONE, SELDOM),
}
_OF_PORTAL: Final[Mapping[Disposition, Consequence]] = {
    **_OF_AUTHORIZATION_SERVER,
    Disposition.REFRESH_TOKEN: Consequence(Effect.REFRESH, SOON),
    Disposition.NOT_INSTALLED: Consequence(Effect.BLOCK, SELDOM, "not_installed"),
}
_TABLE: Final = {Source.AUTHORIZATION_SERVER: _OF_AUTHORIZATION_SERVER, Source.PORTAL: _OF_PORTAL}
# Blocks that a successful refresh disproves; "portal_gone" is about the address, which a refresh does not visit.
DISPROVED_BY_REFRESH: Final = frozenset({"token_dead", "unpaid", "not_installed"})


def consequence_of(error: Bitrix24Error, source: Source) -> Consequence:
    """The row of an error."""
    return _TABLE[source][error.disposition]


def carry_out(portal: Portal, row: Consequence) -> None:
    """Change the portal's status as the row says, if it does; nothing, if it was installed or healed meanwhile."""
    if row.effect is Effect.BLOCK:
        portal.block(row.reason)
    elif row.effect is Effect.DELETE:
        portal.mark_deleted(row.reason)
