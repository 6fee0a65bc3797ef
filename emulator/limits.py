"""Rate limits of a portal (REST docs: "Limits"): the leaky bucket and the time budget of a method."""

from collections import defaultdict
from dataclasses import dataclass, field

from emulator.switches import BucketSettings

OPERATING_WINDOW = 600
OPERATING_SLOT = 60
OPERATING_COUNTS_ABOVE = 0.1


@dataclass
class _Level:
    value: float = 0.0
    at: float = 0.0


@dataclass
class Limits:
    """Counters of every portal; forgotten at a restart, as Bitrix24's are after a quiet minute."""

    _levels: dict[tuple[str, str], _Level] = field(default_factory=lambda: defaultdict(_Level))
    _operating: dict[tuple[str, str, str], dict[int, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )

    def allow(self, settings: BucketSettings, portal_key: str, source: str, now: float) -> bool:
        """Count one request of a source address; False when the bucket is over its brim."""
        if not settings.enabled:
            return True
        level = self._levels[portal_key, source]
        level.value = max(0.0, level.value - (now - level.at) * settings.y)
        level.at = now
        if level.value + 1 > settings.x:
            return False
        level.value += 1
        return True

    def operating(self, portal_key: str, client_id: str, method: str, now: float) -> tuple[float, int]:
        """Seconds used in the last ten minutes, and the Unix time at which the oldest minute falls out."""
        slots = self._operating[portal_key, client_id, method]
        for start in [start for start in slots if start <= now - OPERATING_WINDOW]:
            del slots[start]
        oldest = min(slots, default=_slot(now))
        return sum(slots.values()), oldest + OPERATING_WINDOW

    def spend(self, portal_key: str, client_id: str, method: str, now: float, seconds: float) -> None:
        """Add the duration of one call; short ones do not count."""
        if seconds > OPERATING_COUNTS_ABOVE:
            self._operating[portal_key, client_id, method][_slot(now)] += seconds

    def clear(self) -> None:
        """Empty every bucket."""
        self._levels.clear()
        self._operating.clear()


def _slot(now: float) -> int:
    return int(now // OPERATING_SLOT) * OPERATING_SLOT
