"""One call of the dispatcher is enough for a burst: a process makes one after the other, beside its requests.

What a process that dies did not call for, the sweep of beat finds.
"""

import threading
from collections.abc import Callable

from portals.infrastructure.background import Background

# Seconds between two calls.
_PAUSE = 0.5


class Wakeups:
    """Calls ``wake``, in a thread of its own, soon after events were stored.

    ``wake`` answers whether that was worth a call, else it is called again; it must not raise.
    """

    def __init__(self, wake: Callable[[], bool]) -> None:
        self._wake = wake
        self._stored = threading.Event()
        self._background = Background("events", self._call, seconds=lambda: _PAUSE, forked=self._stored.clear)

    def event_stored(self) -> None:
        """Costs neither a call nor a wait."""
        self._stored.set()
        self._background.wake()

    def _call(self) -> None:
        if self._stored.is_set():
            self._stored.clear()  # first: an event stored after the dispatcher has looked calls again
            if not self._wake():
                self._stored.set()
