"""A wall-clock end for a whole call.

Socket timeouts start anew with every byte, so a peer that drips bytes could hold a worker for hours. A timer
shuts the connection down instead, whatever it is doing: TLS handshake, headers or body.
"""

import contextlib
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
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut_off)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._token: Token[Deadline | None] | None = None

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        self._timer.cancel()
        self._replace(None)

    def watch(self, connection: socket.socket) -> None:
        """Shut ``connection`` down when the time is over (at once if it already is)."""
        # A duplicate outlives the wrapping of the original by TLS and shuts down the same connection.
        self._replace(socket.socket(fileno=os.dup(connection.fileno())))
        if not self.remaining:
            self._cut_off()

    def _replace(self, handle: socket.socket | None) -> None:
        with self._lock:
            previous, self._handle = self._handle, handle
        if previous is not None:
            previous.close()

    def _cut_off(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)


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
