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
_inside: Counter[int | str] = Counter()


def most() -> int:
    """How many threads of this process may be in one portal's hands at once."""
    return max(1, int(settings.WEB_THREADS) - _FREE)


@contextmanager
def place(of: int | str) -> Iterator[None]:
    """Be one of those who wait for a portal (by our key) or another server (by a name).

    Raises: RateLimited (``portal_crowded``), without waiting.
    """
    with _lock:
        if _inside[of] >= most():
            raise RateLimited("portal_crowded", retry_after=1)
        _inside[of] += 1
    try:
        yield
    finally:
        with _lock:
            _inside[of] -= 1
            if not _inside[of]:
                del _inside[of]
