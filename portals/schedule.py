"""When a token is to be refreshed (docs/tokens.md)."""

import random
from datetime import datetime, timedelta

from django.conf import settings


def refresh_due_at(expires_at: datetime, *, last_used_at: datetime | None) -> datetime:
    """The moment at which a token that ends at ``expires_at`` is due.

    A portal in use is refreshed before its token ends; an idle one is only kept alive, at a jittered moment, so
    that portals installed on one day do not come due on one day.
    """
    active_window = settings.TOKEN_ACTIVE_WINDOW
    idle_since = expires_at - last_used_at if last_used_at else None
    if active_window == 0 or (idle_since and idle_since.total_seconds() <= active_window):
        margin = settings.TOKEN_REFRESH_MARGIN
        return expires_at - timedelta(seconds=margin + random.uniform(0, margin / 4))  # noqa: S311
    return expires_at + timedelta(seconds=settings.TOKEN_KEEPALIVE * random.uniform(0.8, 1.0))  # noqa: S311
