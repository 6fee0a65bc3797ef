"""What this process knows of a service that is away (docs/adr/0050-what-is-away-is-remembered.md).

Waiting for something that does not answer costs a second or more, and one page asks Redis a dozen times. So the
first who waited in vain remembers it for everybody in the process: the others fail at once, and one at a time looks
whether the service is back.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)

# Between two looks at a service that is away; seconds.
PAUSE = 1.0


class Absence:
    """One service: ``failures`` are the exceptions that say it is away, ``refuse`` makes the one for those who need
    not try."""

    def __init__(
        self, service: str, failures: tuple[type[Exception], ...], refuse: Callable[[], Exception]
    ) -> None:
        self._service = service
        self._failures = failures
        self._refuse = refuse
        self._lock = threading.Lock()
        self._trying = threading.local()
        self._since: float | None = None
        self._look_at = 0.0

    @property
    def known(self) -> bool:
        """Whether the service was away when somebody last asked it."""
        return self._since is not None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around everything that asks the service. Attempts of one thread may nest.

        Raises: what ``refuse`` makes, at once, while the service is away and somebody else looks after it.
        """
        if getattr(self._trying, "now", False):
            yield
            return
        if not self._may_try():
            raise self._refuse()
        self._trying.now = True
        try:
            yield
        except self._failures as error:
            self._away(error)
            raise
        else:
            self._back()
        finally:
            self._trying.now = False
            if self._look_at == math.inf and self._since is not None:
                self._look_at = 0.0  # another error, which says nothing: let the next one look

    def forget(self) -> None:
        """Know nothing: the next attempt goes out."""
        self._since = None

    def _may_try(self) -> bool:
        if self._since is None:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._look_at:
                return False
            self._look_at = math.inf  # until this look has its answer
            return True

    def _away(self, error: Exception) -> None:
        with self._lock:
            now = time.monotonic()
            self._look_at = now + PAUSE
            if self._since is not None:
                return
            self._since = now
        log.warning("service_away", service=self._service, reason=type(error).__name__)

    def _back(self) -> None:
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            log.warning("service_back", service=self._service, seconds=round(time.monotonic() - since, 1))
