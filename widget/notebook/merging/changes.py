"""What two people did to one series of lines, words or cells, and where they did it to the same ones."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

Parts = Sequence[str]
_WHOLE = 2


@dataclass(frozen=True, slots=True)
class Clash:
    """Lines that both changed, each in another way: what they said, and what each of the two made of them.

    In the text that is offered (`Clashing.merged`) they are ``lines`` lines from ``line`` on, counted from 0.
    """

    base: str
    mine: str
    theirs: str
    line: int
    lines: int


class Clashing(Exception):
    """The changes exclude each other in ``clashes``; ``merged`` has those of both, and there mine."""

    def __init__(self, clashes: Sequence[Clash], merged: str) -> None:
        super().__init__(f"{len(clashes)} clashes")
        self.clashes = clashes
        self.merged = merged


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Parts ``start`` to ``end`` of the base (from 0, ``end`` not among them) became ``parts``."""

    start: int
    end: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """Parts of the base that somebody changed, and what each of the two made of them; None: left as they are.

    ``whole``: they go together or not at all.
    """

    start: int
    end: int
    whole: bool
    mine: tuple[str, ...] | None
    theirs: tuple[str, ...] | None

    @property
    def settled(self) -> tuple[str, ...] | None:
        """What becomes of it where only one has changed it, or both alike; None where they differ."""
        if self.mine is None or self.mine == self.theirs:
            return self.theirs
        return self.mine if self.theirs is None else None

    @property
    def added(self) -> bool:
        """Whether nothing was there before."""
        return self.start == self.end


def regions(
    before: Parts,
    mine: Sequence[Change],
    theirs: Sequence[Change],
    *,
    apart: Callable[[int, int], bool] = lambda start, end: True,
    whole: Collection[tuple[int, int]] = (),
) -> list[Region]:
    """Where something was changed, in order. Changes that overlap are one region.

    Changes that do not overlap are one as well unless ``apart(end of one, start of the next)``, and so are all
    within the parts that are ``whole`` and at their ends.
    """
    sides: list[tuple[int, int, int, tuple[str, ...]]] = [
        *((change.start, change.end, 0, change.parts) for change in mine),
        *((change.start, change.end, 1, change.parts) for change in theirs),
        *((start, end, _WHOLE, ()) for start, end in whole),
    ]
    groups: list[_Group] = []
    for start, end, side, parts in sorted(sides):
        last = groups[-1] if groups else None
        if last is None or last.is_apart(start, end, apart):
            last = _Group(start, end)
            groups.append(last)
        last.end = max(last.end, end)
        if side == _WHOLE:
            last.whole = True
        else:
            last.changes[side].append(Change(start, end, parts))
    return [
        Region(group.start, group.end, group.whole, *(group.applied(before, side) for side in (0, 1)))
        for group in groups
    ]


class _Group:
    """Changes of both that become one region."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end, self.whole = start, end, False
        self.changes: tuple[list[Change], list[Change]] = ([], [])

    def is_apart(self, start: int, end: int, apart: Callable[[int, int], bool]) -> bool:
        """Whether a change, not before this group, has nothing to do with it."""
        same = (start, end) == (self.start, self.end)
        return not same and start >= self.end + self.whole and apart(self.end, start)

    def applied(self, before: Parts, side: int) -> tuple[str, ...] | None:
        """What the changes of one side make of the region; None if there are none."""
        result: list[str] = []
        start = self.start
        for change in self.changes[side]:
            result += [*before[start : change.start], *change.parts]
            start = change.end
        return (*result, *before[start : self.end]) if self.changes[side] else None


def loses(before: Parts, mine: Parts, theirs: Parts, merged: Parts) -> bool:
    """Whether a part that both have kept is not there as often: each has moved another copy of it to one place."""
    were, ours, other = map(Counter, (before, mine, theirs))
    return bool(were - ((were - ours) + (were - other)) - Counter(merged))
