"""Time of the emulated world."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Clock:
    """Real time plus an offset (seconds) that tests may move forward."""

    offset: float = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> float:
        """Move the clock by `seconds` and return the new time."""
        self.offset += seconds
        return self.now()


def iso(seconds: float) -> str:
    """ISO 8601 with seconds and a numeric zone, as Bitrix24 prints every date."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def times(start: float, finish: float) -> dict[str, float | int | str]:
    """The `time` block of an answer (REST docs: "Response structure"); both in Unix seconds."""
    return {
        "start": start,
        "finish": finish,
        "duration": finish - start,
        "processing": finish - start,
        "date_start": iso(start),
        "date_finish": iso(finish),
    }
