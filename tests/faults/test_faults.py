"""The short form: the hardest faults, each for two seconds. `make faults` plays all of them for longer."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.estate import Estate
from tests.faults.load import Load
from tests.faults.play import play
from tests.faults.scenarios import SCENARIOS, Scenario

# One estate for all of them, so one process of the suite plays them.
pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.proof]

AWAY = 2.0


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    """Everything runs, and people are at work."""
    # Not a folder of pytest, which lets nobody else in: PostgreSQL runs under another user where we are root.
    with (
        tempfile.TemporaryDirectory(prefix="chat-notebook-faults-", ignore_cleanup_errors=True) as folder,
        Estate(Path(folder)) as estate,
    ):
        load = Load(estate)
        load.prepare()
        load.start()
        yield load
        load.stop()


@pytest.mark.parametrize(
    "scenario", [scenario for scenario in SCENARIOS if scenario.brief], ids=lambda scenario: scenario.name
)
def test_nothing_is_lost_and_nobody_sees_an_error(load: Load, scenario: Scenario) -> None:
    result = play(load.estate, load, scenario, away=AWAY)
    assert result.lost == 0, result
    assert not result.violations, result
    assert result.opens[0] > 0, "nobody opened anything"
