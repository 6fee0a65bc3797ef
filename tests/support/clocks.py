"""One clock for us and the emulated Bitrix24, moved instead of waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import time_machine

from tests.support.emulator import Emulator


@dataclass
class Clocks:
    """Both clocks; `advance` moves them together."""

    emulator: Emulator
    traveller: time_machine.Traveller

    def advance(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        total = seconds + hours * 3600 + days * 86400
        self.emulator.control.advance(total)
        self.traveller.shift(total)


@contextmanager
def moving(emulator: Emulator) -> Iterator[Clocks]:
    """Let `Clocks` move time until the block ends; the emulator's clock comes back with its next reset."""
    import time  # noqa: PLC0415 - before travelling starts

    with time_machine.travel(time.time(), tick=True) as traveller:
        yield Clocks(emulator, traveller)
