"""How many cases each fuzzer runs, and the counting of them.

``FUZZ_FACTOR`` multiplies them (`make fuzz` sets it); without it the cases are the same in every run.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, Phase, settings

FACTOR = int(os.environ.get("FUZZ_FACTOR", "1"))

PARSERS = {
    "open": 2600,
    "event": 2600,
    "dialog id": 800,
    "address": 1500,
    "field": 1500,
    "answer": 2000,
    "answer payloads": 2500,
    "bound handlers": 800,
    "members": 600,
    "settings": 600,
    "markdown": 1500,
    "checklists": 1000,
    "difference": 500,
    "bounds": 40,
    "differences": 60,
}
HTTP = {"frames": 500, "events": 400, "application": 200, "schema": 900}
CASES = PARSERS | HTTP

ran: Counter[str] = Counter()


def fuzzed(name: str, *, share: int = 1) -> Callable[[Any], Any]:
    """Decorator for a hypothesis test: as many examples as ``name`` has cases, divided by ``share``."""
    return settings(
        max_examples=max(1, -(-CASES[name] * FACTOR // share)),
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        # An example that fails is minimised and printed; what was found becomes a regression test.
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def counted(name: str) -> Iterator[None]:
    """One case, when it is over."""
    yield
    ran[name] += 1
