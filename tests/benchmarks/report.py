"""Figures: on the screen while they are measured, and in ``.data/bench.json``."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / ".data" / "bench.json"


@dataclass(frozen=True)
class Figure:
    """``ours`` and ``baseline`` in ``unit``; ``at_least`` or ``at_most`` is the target of their ratio, if any."""

    name: str
    ours: float
    baseline: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline

    @property
    def reached(self) -> bool | None:
        """None without a target."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None if self.at_most is None else self.ratio <= self.at_most

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"

    def row(self) -> str:
        verdict = {True: "reached", False: "MISSED", None: ""}[self.reached]
        numbers = (
            f"{self.ours:>10.4g} {self.baseline:>10.4g} {self.unit:<13} {self.ratio:>7.3f} {self.target:<8}"
        )
        return f"  {self.name:<52} {numbers} {verdict}" + (f"\n      {self.note}" if self.note else "")


@dataclass
class Report:
    """What one section measures."""

    section: str
    figures: list[Figure] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, figure: Figure) -> None:
        """A figure is done."""
        self.figures.append(figure)
        say(figure.row())

    def fact(self, name: str, value: Any) -> None:
        """Something worth keeping beside the figures."""
        self.facts[name] = value
        say(f"  {name}: {value}")

    def save(self) -> None:
        """Merge into the results of other sections."""
        known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        figures = [asdict(f) | {"ratio": round(f.ratio, 4), "reached": f.reached} for f in self.figures]
        known[self.section] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
            "figures": figures,
            "facts": self.facts,
        }
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def header(section: str) -> None:
    say(f"\n{section}\n  {'':<52} {'ours':>10} {'baseline':>10} {'':<13} {'ratio':>7} target")


def timed(work: Callable[[], Any]) -> float:
    """Seconds that ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
