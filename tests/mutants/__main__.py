"""A sample of changes, each against its tests: ``python -m tests.mutants [part of a module's name …]``.

Or the changes of these names: ``python -m tests.mutants 8ecf1294 …``.

MUTANTS draws that many, MUTANTS_SEED others. Writes `.data/mutants.json`.
"""

import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from development.embedded import Embedded
from tests.mutants import slots
from tests.mutants.changes import Change, changes
from tests.mutants.lines import Chosen, Recorder, Walks, tests_of
from tests.mutants.modules import MODULES, files_of
from tests.support.emulator import ROOT

RESULTS: Final = ROOT / ".data" / "mutants.json"
TABLE: Final = ROOT / "docs" / "mutants.md"
WANTED: Final = 400
FEWEST: Final = 4  # of every module that has as many
TARGET: Final = 0.9
SLOTS: Final = 2
_PATIENCE: Final = 3  # times what the tests take without a change
# Seconds.
_START: Final = 20
_LONGEST: Final = 600
# Its number, files of tests, a plugin, the change, seconds at most.
_Work = tuple[int, Sequence[str], object, Change | None, float]


@dataclass(frozen=True)
class Outcome:
    """What the tests said to one change."""

    change: Change
    noticed: bool
    seconds: float


def equivalent() -> dict[str, str]:
    """Changes that change nothing, and why; the rows of docs/mutants.md."""
    rows = re.findall(r"^\| `([0-9a-f]{8})` \|.*\| ([^|]+) \|$", TABLE.read_text(), re.M)
    return {name: reason.strip() for name, reason in rows}


def sample(modules: list[str], wanted: int, seed: int) -> list[Change]:
    """Of every module its share, the same for the same seed."""
    known = equivalent()
    found = {name: changes(name, (ROOT / name).read_text()) for name in modules}
    total = sum(map(len, found.values()))
    drawn: list[Change] = []
    for name, all_of_it in found.items():
        worth = [change for change in all_of_it if change.id not in known]
        share = max(FEWEST, round(wanted * len(all_of_it) / total))
        random.Random(f"{seed} {name}").shuffle(worth)
        drawn += worth[:share]
    # However early a run ends, it has seen something of every module.
    random.Random(seed).shuffle(drawn)
    return drawn


def again(names: list[str]) -> list[Change]:
    """The changes of these names."""
    found = (change for name in MODULES for change in changes(name, (ROOT / name).read_text()))
    return [change for change in found if change.id in names]


def main(asked: list[str]) -> int:
    """Exit status 1 if too few were noticed."""
    wanted, seed = int(os.environ.get("MUTANTS") or WANTED), int(os.environ.get("MUTANTS_SEED") or 1)
    modules = [name for name in MODULES if not asked or any(part in name for part in asked)]
    drawn = sample(modules, wanted, seed) if modules else again(asked)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that services end as well
    with tempfile.TemporaryDirectory(prefix="chat-notebook-mutants-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with Embedded(folder, durable=False) as services, ExitStack() as stack:
            slots.prepare(services)
            places = [
                stack.enter_context(slots.Slot(number, services, folder)) for number in range(1, SLOTS + 1)
            ]
            walks = _walks(places, {change.module for change in drawn}, folder)
            outcomes = _play(places, drawn, walks)
    return _report(outcomes, time.monotonic() - began, seed)


def _walks(places: list[slots.Slot], modules: Iterable[str], folder: Path) -> Walks:
    """What each test comes past."""
    files = sorted({file for name in modules for file in files_of(name)})
    notes = [folder / f"walks-{number}" for number in range(len(files))]
    work: list[_Work] = [
        (number, [files[number]], Recorder(list(MODULES), file, start=number == 0), None, _LONGEST)
        for number, file in enumerate(notes)
    ]
    for done, (_, verdict) in enumerate(_each(places, work), start=1):
        if verdict.status != slots.ALL_PASSED:
            _say(f"\rFails without any change, and is left out:\n{verdict.output}")
        _progress(f"looking which tests come past which lines: {done} of {len(files)} files")
    walks: Walks = {}
    for file in notes:
        walks |= json.loads(file.read_text()) if file.exists() else {}
    return walks


def _play(places: list[slots.Slot], drawn: list[Change], walks: Walks) -> list[Outcome]:
    work: list[_Work] = []
    for number, change in enumerate(drawn):
        tests = tests_of(change, walks, files_of(change.module))
        limit = _START + _PATIENCE * sum(walks[name][0] for name in tests)
        needed = sorted({name.partition("::")[0] for name in tests})
        work.append((number, needed, Chosen(tests), change, limit))
    missed = {number for number, needed, *_ in work if not needed}  # no test comes past them
    outcomes = [Outcome(drawn[number], noticed=False, seconds=0) for number in missed]
    for outcome in outcomes:
        _say(f"{outcome.change.id} {outcome.change}  (no test comes past)")
    for number, verdict in _each(places, [piece for piece in work if piece[0] not in missed]):
        outcome = Outcome(drawn[number], verdict.status != slots.ALL_PASSED, verdict.seconds)
        outcomes.append(outcome)
        if not outcome.noticed:
            _say(f"\r{outcome.change.id} {outcome.change}")
        survived = sum(not outcome.noticed for outcome in outcomes)
        _progress(f"{len(outcomes)} of {len(drawn)}, {survived} not noticed")
    return outcomes


def _each(places: list[slots.Slot], work: list[_Work]) -> Iterator[tuple[int, slots.Verdict]]:
    """What becomes of each piece of work, as it ends."""
    waiting = list(reversed(work))
    under_way: dict[slots.Slot, int] = {}
    while waiting or under_way:
        for place in places:
            if waiting and place not in under_way:
                number, files, plugin, change, limit = waiting.pop()
                place.start(files, plugin, change, limit=limit)
                under_way[place] = number
            elif place in under_way and (verdict := place.poll()):
                yield under_way.pop(place), verdict
        time.sleep(0.01)


def _report(outcomes: list[Outcome], seconds: float, seed: int) -> int:
    of_module = defaultdict(list)
    for outcome in outcomes:
        of_module[outcome.change.module].append(outcome)
    width = max(map(len, of_module))
    _say(f"\n{'':{width}}  changes  noticed  seconds")
    for name, found in sorted(of_module.items(), key=lambda item: _share(item[1])):
        spent = sum(outcome.seconds for outcome in found)
        _say(f"{name:{width}}  {len(found):7}  {_share(found):7.0%}  {spent:7.0f}")
    share = _share(outcomes)
    _say(
        f"\n{len(outcomes)} changes, {share:.1%} noticed (target {TARGET:.0%}), "
        f"seed {seed}, {seconds / 60:.1f} minutes, {_processor_minutes():.1f} of a core"
    )
    rows = [
        {**asdict(outcome.change), "noticed": outcome.noticed, "seconds": round(outcome.seconds, 2)}
        for outcome in outcomes
    ]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"seed": seed, "minutes": seconds / 60, "changes": rows}, indent=1))
    return 0 if share >= TARGET else 1


def _processor_minutes() -> float:
    """What it cost, which a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def _share(outcomes: list[Outcome]) -> float:
    return sum(outcome.noticed for outcome in outcomes) / len(outcomes)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _progress(text: str) -> None:
    """Over itself on a screen; in a file one line."""
    sys.stdout.write(f"\r{text}" if sys.stdout.isatty() else f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
