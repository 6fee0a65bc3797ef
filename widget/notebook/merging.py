"""Two people's changes of one text brought together, line by line, from what both had in front of them.

Lines are matched as in Bram Cohen's patience difference: by those that either text has just once. That costs
n log n whatever the texts are; `difflib` and Myers' algorithm take seconds for texts made to be slow. ADR 86 says
why no library does it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Clash:
    """Lines that both changed, each in another way: what they said, and what each of the two made of them."""

    base: str
    mine: str
    theirs: str


class Clashing(Exception):
    """The changes exclude each other in ``clashes``; ``merged`` has those of both, and there mine."""

    def __init__(self, clashes: Sequence[Clash], merged: str) -> None:
        super().__init__(f"{len(clashes)} clashes")
        self.clashes = clashes
        self.merged = merged


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    """Lines ``start`` to ``end`` of the base (from 0, ``end`` not among them) became ``lines``."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge(base: str, mine: str, theirs: str) -> str:
    """``base`` with the changes of both. Lines that both add at one place are all kept, theirs first.

    Raises: Clashing.
    """
    before, *after = (text.split("\n") for text in (base, mine, theirs))
    my_changes, their_changes = (_changes(before, lines) for lines in after)
    merged: list[str] = []
    clashes = []
    done = 0
    for start, end in _regions([*my_changes, *their_changes]):
        merged += before[done:start]
        done = end
        ours, other = (_applied(before, start, end, changes) for changes in (my_changes, their_changes))
        if ours == other or ours is None:
            merged += other or ()
        elif other is None:
            merged += ours
        elif start == end:
            merged += [*other, *ours]
        else:
            clashes.append(Clash(*("\n".join(lines) for lines in (before[start:end], ours, other))))
            merged += ours
    merged += before[done:]
    if clashes:
        raise Clashing(clashes, "\n".join(merged))
    if _loses(before, after, merged):
        raise Clashing([Clash(base, mine, theirs)], mine)
    return "\n".join(merged)


def _loses(before: Lines, after: Sequence[Lines], merged: Lines) -> bool:
    """Whether a line that both have kept is not there as often: each has moved another copy of it to one place."""
    were = Counter(before)
    mine, theirs = map(Counter, after)
    taken = (were - mine) + (were - theirs)
    return bool(were - taken - Counter(merged))


def _regions(changes: list[_Change]) -> list[tuple[int, int]]:
    """Parts of the base that changes cover, in order; those that overlap are one. To touch is not to overlap."""
    regions: list[tuple[int, int]] = []
    for change in sorted(changes):
        here = (change.start, change.end)
        if regions and (here == regions[-1] or change.start < regions[-1][1]):
            regions[-1] = (regions[-1][0], max(regions[-1][1], change.end))
        else:
            regions.append(here)
    return regions


def _applied(before: Lines, start: int, end: int, changes: Sequence[_Change]) -> list[str] | None:
    """What ``changes`` make of the lines of a region; None if they leave it alone."""
    result: list[str] = []
    done = start
    found = [change for change in changes if _within(change, start, end)]
    for change in found:
        result += [*before[done : change.start], *change.lines]
        done = change.end
    return [*result, *before[done:end]] if found else None


def _within(change: _Change, start: int, end: int) -> bool:
    if change.start == change.end and start != end:
        return start < change.start < end
    return start <= change.start and change.end <= end


def _changes(old: Lines, new: Lines) -> list[_Change]:
    """What turned ``old`` into ``new``, in order."""
    found = []
    i = j = 0
    for a, b in chain(_matches(old, new), [(len(old), len(new))]):
        found += _between(i, old[i:a], new[j:b])
        i, j = a + 1, b + 1
    return found


def _between(start: int, old: Lines, new: Lines) -> list[_Change]:
    """What became of the lines ``old``, from number ``start`` on: as many for as many are changes of a line each.

    Unless one of them has only moved: line by line it would have been taken away here and brought there.
    """
    differ = [n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
    if len(old) == len(new) and {old[n] for n in differ}.isdisjoint(new[n] for n in differ):
        return [_Change(start + n, start + n + 1, (new[n],)) for n in differ]
    return [_Change(start, start + len(old), tuple(new))]


def _matches(old: Lines, new: Lines) -> Iterator[tuple[int, int]]:
    """Numbers of lines that are the same in both texts, growing in both."""
    i = j = 0
    for a, b in [*_anchors(old, new), (len(old), len(new))]:
        head = _same(zip(old[i:a], new[j:b], strict=False))
        yield from ((i + n, j + n) for n in range(head))
        tail = _same(zip(reversed(old[i + head : a]), reversed(new[j + head : b]), strict=False))
        yield from ((a - n, b - n) for n in range(tail, 0, -1))
        if a < len(old):
            yield a, b
        i, j = a + 1, b + 1


def _same(pairs: "zip[tuple[str, str]]") -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _anchors(old: Lines, new: Lines) -> list[tuple[int, int]]:
    """The longest series of lines that are in both texts once, in the same order."""
    once = {line for line, count in Counter(old).items() if count == 1}
    places = {line: n for n, line in enumerate(new)}
    only = {line for line, count in Counter(new).items() if count == 1} & once
    ends: list[
        int
    ] = []  # of the series of each length so far: the least number of a line of ``new`` it ends with
    links: list[tuple[int, int, int]] = []  # line of ``old``, of ``new``, the link before it (-1: none)
    last: list[int] = []  # the link that ends the series of each length
    for i, line in enumerate(old):
        if line in only:
            length = bisect_left(ends, places[line])
            links.append((i, places[line], last[length - 1] if length else -1))
            ends[length : length + 1] = [places[line]]
            last[length : length + 1] = [len(links) - 1]
    series = []
    link = last[-1] if last else -1
    while link >= 0:
        i, j, link = links[link]
        series.append((i, j))
    return series[::-1]
