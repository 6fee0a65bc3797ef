"""What viewers, writers and Bitrix24 were answered."""

import threading
from collections import Counter
from dataclasses import dataclass, field

# An open gets its page, a page that says why not and tries again by itself, or neither. The API has saved, says
# that it has not and when to try again, or neither. An event is stored, waits in the spool, is refused, or neither.
GOOD = {"served", "saved", "stored"}
HONEST = {"friendly", "told", "spooled", "refused"}


@dataclass
class Tally:
    """Counts by kind and portal ("warm alpha", "note beta") and by what became of it; thread-safe."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    samples: dict[tuple[str, str], str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, outcome: str, seconds: float, sample: str = "") -> None:
        """One request and how long it took; of each outcome the first sample is kept."""
        with self._lock:
            self.counts[kind, outcome] += 1
            self.slowest[kind] = max(seconds, self.slowest.get(kind, 0.0))
            self.samples.setdefault((kind, outcome), sample)

    def of(self, *kinds: str) -> tuple[int, int, int]:
        """How many were good, honest, neither, of kinds that begin so."""
        with self._lock:
            counts = [
                (outcome, count) for (kind, outcome), count in self.counts.items() if kind.startswith(kinds)
            ]
        good = sum(count for outcome, count in counts if outcome in GOOD)
        honest = sum(count for outcome, count in counts if outcome in HONEST)
        return good, honest, sum(count for _, count in counts) - good - honest

    def slow(self, *kinds: str) -> float:
        """Seconds of the slowest answer."""
        with self._lock:
            return max((value for kind, value in self.slowest.items() if kind.startswith(kinds)), default=0.0)

    def unlike(self, wanted: set[str], *kinds: str) -> dict[str, int]:
        """How many of these kinds ended otherwise than ``wanted``, with a sample."""
        with self._lock:
            return {
                f"{kind} {outcome} {self.samples[kind, outcome]}".strip(): count
                for (kind, outcome), count in self.counts.items()
                if outcome not in wanted and kind.startswith(kinds)
            }
