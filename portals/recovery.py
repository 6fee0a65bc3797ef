"""When the database hangs up on us."""

from collections.abc import Callable
from typing import TypeVar

from django.db import connection

from portals.postgresql.base import GONE

T = TypeVar("T")

# Seconds after which asking again is worth it.
RETRY_AFTER = 5


def once_more(work: Callable[[], T]) -> T:
    """Run ``work``, which may run twice, and once more on a new connection if its database is gone.

    A database that restarted leaves dead connections behind; nobody should see that. Raises: one of `GONE` if there
    is no database now either, and what ``work`` raises.
    """
    try:
        return work()
    except GONE:
        if connection.in_atomic_block:
            raise
        connection.close()
    return work()
