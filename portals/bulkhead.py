"""A portal that is slow or full may keep some threads of this process waiting, never all of them.

Without it a handful of people of one slow portal would stop the opens of everybody else.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from portals.bitrix24.errors import RateLimited

# Threads that stay free for other portals.
_FREE = 2
_lock = threading.Lock()
_inside: Counter[int] = Counter()


def most() -> int:
    """How many threads of this process may be in one portal's hands at once."""
    return max(1, int(settings.WEB_THREADS) - _FREE)


@contextmanager
def place(portal_id: int) -> Iterator[None]:
    """Be one of those who wait for a portal. Raises: RateLimited (``portal_crowded``), without waiting."""
    with _lock:
        if _inside[portal_id] >= most():
            raise RateLimited("portal_crowded", retry_after=1)
        _inside[portal_id] += 1
    try:
        yield
    finally:
        with _lock:
            _inside[portal_id] -= 1
            if not _inside[portal_id]:
                del _inside[portal_id]
