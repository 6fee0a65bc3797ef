"""When a token is to be refreshed (docs/tokens.md)."""

import random
from datetime import datetime, timedelta

from django.conf import settings

# Uses of a portal within this time are one use: no row is written for the second.
USE_RESOLUTION = timedelta(minutes=5)


def refresh_due_at(
    expires_at: datetime, *, last_used_at: datetime | None, secondary: bool = False
) -> datetime:
    """The moment at which a token that ends at ``expires_at`` is due.

    A portal in use is refreshed before its token ends; an idle one (``last_used_at`` None counts as idle) is only
    kept alive, at a jittered moment, so that portals installed on one day do not come due on one day. So is a
    ``secondary`` token of a portal in use: it stands in when the primary one dies.
    """
    if not secondary and in_use(last_used_at, at=expires_at):
        margin = settings.TOKEN_REFRESH_MARGIN
        return expires_at - timedelta(seconds=margin + random.uniform(0, margin / 4))  # noqa: S311
    return expires_at + timedelta(seconds=settings.TOKEN_KEEPALIVE * random.uniform(0.8, 1.0))  # noqa: S311


def in_use(last_used_at: datetime | None, *, at: datetime) -> bool:
    """Whether a portal last used at ``last_used_at`` counts as active at ``at``."""
    window = settings.TOKEN_ACTIVE_WINDOW
    if window == 0:
        return True
    return last_used_at is not None and at - last_used_at <= timedelta(seconds=window)
