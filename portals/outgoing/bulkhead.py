"""A portal that is slow or full may keep most threads of this process waiting, never all of them.

A thread that waits costs some 50 KB and nothing else (docs/adr/0088-threads-that-wait.md), so there are many, and a
crowd of one portal is let in together. Without a bound the people of one that does not answer would stop
everybody's opens.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from portals.bitrix24.errors import RateLimited

# Of the threads of a process; the others stay free for other portals.
_SHARE = 0.75
_lock = threading.Lock()
_inside: Counter[int | str] = Counter()


def most() -> int:
    """How many threads of this process may be in one portal's hands at once."""
    return max(1, int(settings.WEB_THREADS * _SHARE))


@contextmanager
def place(of: int | str, *, at_most: int | None = None) -> Iterator[None]:
    """Be one of those who wait for a portal (by our key) or another server (by a name), ``at_most`` so many.

    Raises: RateLimited (``portal_crowded``), without waiting.
    """
    with _lock:
        if _inside[of] >= min(most(), at_most or most()):
            raise RateLimited("portal_crowded", retry_after=1)
        _inside[of] += 1
    try:
        yield
    finally:
        with _lock:
            _inside[of] -= 1
            if not _inside[of]:
                del _inside[of]
