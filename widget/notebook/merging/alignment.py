"""Which parts of two texts are the same.

Matched as in Bram Cohen's patience difference, by parts that either has just once, which costs n log n whatever the
texts are; what lies between two of them by the longest common subsequence, as long as `bounds.MATCHED` lasts.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

from rapidfuzz.distance import Indel

from widget.notebook import bounds
from widget.notebook.merging.changes import Change, Parts

Pairs = Sequence[tuple[int, int]]


class Work:
    """What one merge may still spend on comparing: products of lengths."""

    def __init__(self) -> None:
        self._left = bounds.MATCHED

    def take(self, product: int) -> bool:
        """Whether there is as much left, which then is spent."""
        if product > self._left:
            return False
        self._left -= product
        return True


def matches(old: Parts, new: Parts, work: Work) -> Iterator[tuple[int, int]]:
    """Numbers of parts that are the same in both, growing in both."""
    i = j = 0
    for a, b in [*_anchors(old, new), (len(old), len(new))]:
        if i < a and j < b:
            head = _same(zip(old[i:a], new[j:b], strict=False))
            yield from ((i + n, j + n) for n in range(head))
            tail = _same(zip(reversed(old[i + head : a]), reversed(new[j + head : b]), strict=False))
            yield from _common(old, new, (i + head, a - tail), (j + head, b - tail), work)
            yield from ((a - n, b - n) for n in range(tail, 0, -1))
        if a < len(old):
            yield a, b
        i, j = a + 1, b + 1


def changes(old: Parts, new: Parts, pairs: Pairs) -> list[Change]:
    """What turned ``old`` into ``new``, in order; ``pairs`` belong together, the same or not."""
    found = []
    i = j = 0
    for a, b in [*pairs, (len(old), len(new))]:
        if i < a or j < b:
            found.append(Change(i, a, tuple(new[j:b])))
        if a < len(old) and b < len(new) and old[a] != new[b]:
            found.append(Change(a, a + 1, (new[b],)))
        i, j = a + 1, b + 1
    return found


def _common(
    old: Parts, new: Parts, here: tuple[int, int], there: tuple[int, int], work: Work
) -> Iterator[tuple[int, int]]:
    """The longest common subsequence of two stretches without ends in common."""
    (i, a), (j, b) = here, there
    if i < a and j < b and work.take((a - i) * (b - j)):
        for block in Indel.opcodes(old[i:a], new[j:b]):
            if block.tag == "equal":
                yield from zip(
                    range(i + block.src_start, i + block.src_end),
                    range(j + block.dest_start, j + block.dest_end),
                    strict=True,
                )


def _same(pairs: "zip[tuple[str, str]]") -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _anchors(old: Parts, new: Parts) -> list[tuple[int, int]]:
    """The longest series of parts that are in both texts once, in the same order."""
    once = {part for part, count in Counter(old).items() if count == 1}
    places = {part: n for n, part in enumerate(new)}
    only = {part for part, count in Counter(new).items() if count == 1} & once
    # of the series of each length so far: the least number of a part of ``new`` it ends with
    ends: list[int] = []
    links: list[tuple[int, int, int]] = []  # part of ``old``, of ``new``, the link before it (-1: none)
    last: list[int] = []  # the link that ends the series of each length
    for i, part in enumerate(old):
        if part in only:
            length = bisect_left(ends, places[part])
            links.append((i, places[part], last[length - 1] if length else -1))
            ends[length : length + 1] = [places[part]]
            last[length : length + 1] = [len(links) - 1]
    series = []
    link = last[-1] if last else -1
    while link >= 0:
        i, j, link = links[link]
        series.append((i, j))
    return series[::-1]
