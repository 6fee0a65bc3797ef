"""What an error of Bitrix24 does to a token and its portal: one table, read by everything that calls.

No single answer ends an installation. One alone ends a token: the authorization server's, that its refresh token is
dead. Whatever else is said blocks at most, is asked again, and is healed by an administrator's open. Why: ADR 70.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.core.cache import cache

from portals.bitrix24.errors import Bitrix24Error, Disposition, GrantDead, NotAdministrator
from portals.models import Portal, signals


class Source(StrEnum):
    """Who answered."""

    AUTHORIZATION_SERVER = "authorization_server"
    PORTAL = "portal"


class Effect(StrEnum):
    """What becomes of token and portal."""

    NONE = "none"  # try again, nothing else
    TOKEN_REFUSED = "token_refused"  # noqa: S105  # another one stands in; without one the portal is blocked
    TOKEN_DIES = "token_dies"  # noqa: S105  # as above, and this one is never tried again
    BLOCK = "block"


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


UNPAID: Final = "unpaid"
NOT_INSTALLED: Final = "not_installed"
TOKEN_REFUSED: Final = "token_refused"  # noqa: S105 - a reason
SOON: Final = Patience(first=30, longest=3600)
# Somebody has to act first, so asking more often only makes noise at Bitrix24.
SELDOM: Final = Patience(first=600, longest=24 * 3600)

_OF_AUTHORIZATION_SERVER: Final[Mapping[Disposition, Consequence]] = {
    Disposition.RETRY_LATER: Consequence(Effect.NONE, SOON),
    Disposition.REFRESH_TOKEN: Consequence(Effect.NONE, SOON),
    Disposition.TOKEN_DEAD: Consequence(Effect.TOKEN_REFUSED, SELDOM, "token_dead"),
    # After an update its administrator has not opened yet the application counts as not installed, too.
    Disposition.NOT_INSTALLED: Consequence(Effect.BLOCK, SELDOM, NOT_INSTALLED),
    Disposition.UNPAID: Consequence(Effect.BLOCK, SELDOM, UNPAID),
    Disposition.PORTAL_GONE: Consequence(Effect.BLOCK, SELDOM, "portal_gone"),
    Disposition.PORTAL_MOVED: Consequence(Effect.NONE, SOON),
    Disposition.DENIED: Consequence(Effect.NONE, SELDOM),
    Disposition.AWAIT_CONFIRMATION: Consequence(Effect.NONE, SELDOM),
    Disposition.MISCONFIGURED: Consequence(Effect.NONE, SELDOM),
    Disposition.BUG: Consequence(Effect.NONE, SELDOM),
}
_OF_PORTAL: Final[Mapping[Disposition, Consequence]] = {
    **_OF_AUTHORIZATION_SERVER,
    # Said of a token that the authorization server has just given us, so the next refresh does not disprove it.
    Disposition.TOKEN_DEAD: Consequence(Effect.TOKEN_REFUSED, SELDOM, TOKEN_REFUSED),
}
# The daily look does not disprove it: what it asks everybody may ask.
_DEMOTED: Final = Consequence(Effect.TOKEN_REFUSED, SELDOM, NotAdministrator.default_code)
_GRANT_DEAD: Final = Consequence(Effect.TOKEN_DIES, SELDOM, "token_dead")
_TABLE: Final = {Source.AUTHORIZATION_SERVER: _OF_AUTHORIZATION_SERVER, Source.PORTAL: _OF_PORTAL}
# Blocks that a successful refresh disproves; "portal_gone" is about the address, which a refresh does not visit.
DISPROVED_BY_REFRESH: Final = frozenset({"token_dead", NOT_INSTALLED, "uninstall_unconfirmed"})
_ASKED_SECONDS: Final = 1800


def consequence_of(error: Bitrix24Error, source: Source) -> Consequence:
    """The row of an error."""
    if isinstance(error, GrantDead) and source is Source.AUTHORIZATION_SERVER:
        return _GRANT_DEAD
    if isinstance(error, NotAdministrator):
        return _DEMOTED
    return _TABLE[source][error.disposition]


def carry_out(portal: Portal, row: Consequence) -> None:
    """Change the portal's status as the row says, if it does; nothing, if it was installed or healed meanwhile."""
    if row.effect is Effect.BLOCK:
        portal.block(row.reason)


def disproved_by_refresh(portal: Portal) -> None:
    """A refresh succeeded: whatever that disproves blocks the portal no longer, by its status of this moment.

    Who has not paid may have tokens renewed all the same: only the portal tells when a subscription ends (Bitrix24
    REST docs, "app.info": ``PAYMENT_EXPIRED``, August 2026), so it is asked. Once in a while: asking may refresh.
    """
    blocked = Portal.objects.filter(pk=portal.pk, status=Portal.Status.BLOCKED)
    reason = blocked.values_list("status_reason", flat=True).first()
    if reason in DISPROVED_BY_REFRESH:
        portal.recover("token_refreshed", disproved=DISPROVED_BY_REFRESH)
    # Who was taken for gone may have been blocked for that before.
    if reason in (UNPAID, NOT_INSTALLED) and cache.add(
        f"perhaps_paid:{portal.pk}", 1, timeout=_ASKED_SECONDS
    ):
        signals.perhaps_paid.send(Portal, portal=portal)
