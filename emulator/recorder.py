"""What reached the emulator and what it sent: a bounded ring that tests read."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["oauth", "rest", "event_out"]


@dataclass(slots=True)
class Record:
    """One request; `at` Unix seconds of the emulated clock, `params` as sent, tokens included."""

    n: int
    at: float
    kind: Kind
    portal: str
    method: str
    http: str
    host: str
    path: str
    params: Mapping[str, Any]
    status: int


class Recorder:
    """Keeps the newest requests, numbered from 1 without gaps."""

    def __init__(self, size: int = 20_000) -> None:
        self._ring: deque[Record] = deque(maxlen=size)
        self._count = 0

    def add(
        self,
        *,
        at: float,
        kind: Kind,
        portal: str,
        method: str,
        http: str,
        host: str,
        path: str,
        params: Mapping[str, Any],
        status: int,
    ) -> None:
        """Append one request."""
        self._count += 1
        self._ring.append(Record(self._count, at, kind, portal, method, http, host, path, params, status))

    def since(self, number: int = 0, kind: str = "") -> list[Record]:
        """Requests numbered above `number`, of one kind if given, oldest first."""
        return [record for record in self._ring if record.n > number and kind in ("", record.kind)]

    def clear(self) -> None:
        """Forget everything; numbering goes on."""
        self._ring.clear()
