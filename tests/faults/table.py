"""What one scenario showed, as a line of the table and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

Counts = tuple[int, int, int]
# Titles above the cells of a row, and their widths; a negative one aligns to the left.
_COLUMNS = (
    ("away", "", -34),
    ("for", "s", 6),
    ("opens", "ok/told/error", 14),
    ("slowest", "s", 8),
    ("notes", "ok/told/error", 14),
    ("events", "ok/told/error", 14),
    ("slowest", "s", 8),
    ("well", "after s", 8),
    ("lost", "", 6),
    ("tokens", "given up", 10),
)


@dataclass
class Result:
    """Of each kind of request how many were good, honest, neither; times in seconds.

    ``well_after`` has None for what was not well again, ``violations`` what people should not have seen.
    """

    name: str
    away: float = 0.0
    opens: Counts = (0, 0, 0)
    notes: Counts = (0, 0, 0)
    events: Counts = (0, 0, 0)
    slowest_open: float = 0.0
    slowest_event: float = 0.0
    well_after: dict[str, float | None] = field(default_factory=dict)
    lost_notes: int = 0
    lost_events: int = 0
    lost_spooled: int = 0
    spent_twice: int = 0
    given_up_tokens: int = 0
    waited_for_sweep: int = 0
    violations: dict[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """What was promised and is not there, and refresh tokens that were sent twice."""
        return self.lost_notes + self.lost_events + self.spent_twice

    def row(self) -> str:
        """One line of the table."""
        times = self.well_after.values()
        well = "never" if None in times else f"{max(filter(None, times), default=0):.1f}"
        return _line(
            (
                self.name,
                f"{self.away:.1f}",
                _slashed(self.opens),
                f"{self.slowest_open:.2f}",
                _slashed(self.notes),
                _slashed(self.events),
                f"{self.slowest_event:.2f}",
                well,
                str(self.lost),
                str(self.given_up_tokens),
            )
        )

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"lost": self.lost}


def head() -> str:
    """Two lines above the rows."""
    return f"{_line(title for title, _, _ in _COLUMNS)}\n{_line(unit for _, unit, _ in _COLUMNS)}"


def _line(cells: Iterable[str]) -> str:
    padded = (
        cell.rjust(width) if width > 0 else cell.ljust(-width)
        for cell, (_, _, width) in zip(cells, _COLUMNS, strict=True)
    )
    return "  " + "".join(padded)


def _slashed(counts: Counts) -> str:
    return "/".join(map(str, counts))
