"""A wall-clock end for a whole call.

Socket timeouts start anew with every byte, so a peer that drips bytes could hold a worker for hours. A watchdog
shuts the connection down instead, whatever it is doing: TLS handshake, headers or body. It is one thread a process:
starting a timer thread for each call was the larger part of what a refresh costs beside its requests.
"""

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Final, Self

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_current: ContextVar["Deadline | None"] = ContextVar("bitrix24_deadline", default=None)


class Deadline:
    """Context manager: connections of `POOLS_BY_SCHEME` used inside end after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.over = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._token: Token[Deadline | None] | None = None

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.end - time.monotonic())

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        _watchdog.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        self.over = True
        self._replace(None)

    def watch(self, connection: socket.socket) -> None:
        """Shut ``connection`` down when the time is over (at once if it already is)."""
        # A duplicate outlives the wrapping of the original by TLS and shuts down the same connection.
        self._replace(socket.socket(fileno=os.dup(connection.fileno())))
        if not self.remaining:
            self.cut_off()

    def _replace(self, handle: socket.socket | None) -> None:
        with self._lock:
            previous, self._handle = self._handle, handle
        if previous is not None:
            previous.close()

    def cut_off(self) -> None:
        """End what is under way."""
        with self._lock, contextlib.suppress(OSError):
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """Cuts off deadlines that are still on when their time comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, deadline: Deadline) -> None:
        with self._changed:
            heapq.heappush(self._heap, (deadline.end, next(self._numbers), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif self._heap[0][2] is deadline:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            for deadline in self._overdue():
                deadline.cut_off()

    def _overdue(self) -> list[Deadline]:
        """Wait for the next end; what is over by itself is dropped on the way."""
        found = []
        with self._changed:
            while self._heap and (self._heap[0][2].over or self._heap[0][0] <= time.monotonic()):
                found.append(heapq.heappop(self._heap)[2])
            found = [deadline for deadline in found if not deadline.over]
            if not found:
                self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
        return found


_watchdog = _Watchdog()


def _start_anew() -> None:
    global _watchdog  # noqa: PLW0603 - a forked process has none of its parent's threads
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_start_anew)


def _watch(connection: socket.socket | None) -> None:
    deadline = _current.get()
    if deadline is not None and connection is not None:
        deadline.watch(connection)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _watch(connection)
        return connection

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self.sock)  # a kept-alive connection comes here without _new_conn
        super().request(*args, **kwargs)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS_BY_SCHEME: Final = {"http": _Pool, "https": _TlsPool}
"""Connection pools of urllib3 whose connections end at the `Deadline` they are used under."""
