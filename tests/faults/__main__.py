"""Every scenario: ``python -m tests.faults [part of a name …]``. A table on screen, and `.data/faults.json`."""

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.estate import Estate
from tests.faults.load import Load
from tests.faults.play import play
from tests.faults.scenarios import SCENARIOS
from tests.faults.table import Result, head
from tests.support.emulator import ROOT

RESULTS = ROOT / ".data" / "faults.json"
AWAY = 10.0


def main(asked: list[str]) -> int:
    """Exit status 1 if anything was lost or seen that should not have been."""
    wanted = [scenario for scenario in SCENARIOS if not asked or any(part in scenario.name for part in asked)]
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="chat-notebook-faults-", ignore_cleanup_errors=True) as folder:
        _say("Starting web processes, workers, beat, PostgreSQL, Valkey and the emulated Bitrix24")
        with Estate(Path(folder)) as estate:
            load = Load(estate)
            load.prepare()
            load.start()
            _say(f"Taking away {len(wanted)} things, each for {AWAY:g} seconds\n\n{head()}")
            for number, scenario in enumerate(wanted, start=1):
                results.append(play(estate, load, scenario, away=AWAY))
                _say(results[-1].row() + f"   {number}/{len(wanted)}")
                for text, count in results[-1].violations.items():
                    _say(f"      SEEN {count} x {text}")
            load.stop()
    _save(results)
    wrong = [result.name for result in results if result.lost or result.violations]
    _say(
        f"\nResults are in {RESULTS.name} of {RESULTS.parent.name}/. Wrong: {', '.join(wrong) or 'nothing'}."
    )
    return 1 if wrong else 0


def _save(results: list[Result]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "scenarios": [result.stored() for result in results],
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
