"""Several people write in one note: what is lost, how often they are asked, what a merge costs."""

import random
import statistics
import time
from contextlib import suppress

from portals.models import Portal
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.world import World
from tests.support.writers import Tally, play
from widget.notebook.bounds import TEXT
from widget.notebook.merging import Clashing, merge

ROUNDS = 10_000
PORTION = 1_000
PAIRS = 2_000
TEXTS = 400


def run(world: World, report: Report) -> None:
    """Simulated writers over the services and PostgreSQL; then merges by themselves."""
    portal = Portal.objects.create(
        member_id="a" * 32, domain="a.example", client_endpoint="https://a.example/rest/"
    )
    found = Tally()
    for seed in range(ROUNDS // PORTION):
        part = play(portal, PORTION, seed)
        for name in ("rounds", "edits", "merges", "questions", "confirmed"):
            setattr(found, name, getattr(found, name) + getattr(part, name))
        found.lost += part.lost
        say(
            f"  · {found.rounds} rounds, {found.confirmed} words confirmed, {len(found.lost)} rounds lost some"
        )
    report.fact("rounds of 2 to 5 writers", found.rounds)
    report.fact("edits, merged, asked", [found.edits, found.merges, found.questions])
    lost = float(sum(len(words) for _, words in found.lost))
    report.add(Figure("words lost", lost, float(found.confirmed), "words", at_most=0))
    report.add(Figure("edits to other lines that merge unasked", _unasked(), 100, "%", at_least=0.9))
    costs = sorted(_costs())
    report.fact("merge of 20 000 characters, median", f"{statistics.median(costs):.1f} ms")
    p99 = costs[len(costs) * 99 // 100]
    report.add(Figure("merge of 20 000 characters, p99", p99, 15, "ms of CPU", at_most=1))


def document(chance: random.Random, size: int = TEXT) -> str:
    """Headings, paragraphs, lists, boxes and tables, as long as a note may be."""
    vocabulary = [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(900)
    ]

    def some(number: int) -> str:
        return " ".join(chance.choices(vocabulary, k=number))

    blocks: list[str] = []
    while sum(map(len, blocks)) + 2 * len(blocks) < size - 600:
        blocks.append(
            chance.choice(
                [
                    f"## {some(4)}",
                    f"{some(chance.randint(20, 80))}.",
                    "\n".join(f"- {some(6)}" for _ in range(5)),
                    "\n".join(f"- [ ] {some(5)}" for _ in range(5)),
                    "\n".join(["| a | b |", "|---|---|", *(f"| {some(3)} | {some(2)} |" for _ in range(4))]),
                ]
            )
        )
    return "\n\n".join(blocks)


def rewritten(lines: list[str], places: list[int], chance: random.Random) -> str:
    """What somebody makes of a text who changes these lines: words, a new line below, or none."""
    made = list(lines)
    for place in sorted(places, reverse=True):
        words = made[place].split(" ")
        words[chance.randrange(len(words))] = f"w{chance.randrange(10**6)}"
        act = chance.random()
        if act < 0.6:
            made[place] = " ".join(words)
        elif act < 0.9:
            made.insert(place + 1, f"- w{chance.randrange(10**6)}")
        else:
            del made[place]
    return "\n".join(made)


def _unasked() -> float:
    """Of two people's edits to different lines, how many of a hundred are merged without a question."""
    merged = 0
    for seed in range(PAIRS):
        chance = random.Random(seed)
        lines = document(chance, chance.choice([900, 2_000, TEXT])).split("\n")
        places = chance.sample(range(len(lines)), min(len(lines), 2 * chance.randint(1, 4)))
        mine, theirs = (rewritten(lines, places[half::2], chance) for half in (0, 1))
        try:
            merge("\n".join(lines), mine, theirs)
            merged += 1
        except Clashing:
            continue
    return 100 * merged / PAIRS


def _costs() -> list[float]:
    """Milliseconds of processor time."""
    costs = []
    for seed in range(TEXTS):
        chance = random.Random(seed)
        lines = document(chance).split("\n")
        mine, theirs = (
            rewritten(lines, chance.choices(range(len(lines)), k=chance.randint(1, 40)), chance)
            for _ in range(2)
        )
        started = time.process_time()
        with suppress(Clashing):
            merge("\n".join(lines), mine, theirs)
        costs.append((time.process_time() - started) * 1000)
    return costs
