"""Which lines belong together: ticks of boxes and numbers of items are no change of the words beside them."""

import re

from rapidfuzz.fuzz import ratio

from widget.notebook import bounds
from widget.notebook.merging.alignment import Pairs, Work, matches
from widget.notebook.merging.words import unmarked

_BOX = re.compile(r"^([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t][ \t>]*)+\[)([ xX])(?=\](?:[ \t]|$))", re.M)
_NUMBER = re.compile(r"^([ \t>]*)\d{1,9}(?=[.)][ \t])", re.M)
# Of a hundred: as much of a line must be left for it to be the same one.
_LIKE = 50

Lines = list[str]


def bare(text: str) -> Lines:
    """The lines of a text, each box empty and each number 1."""
    return _NUMBER.sub(r"\g<1>1", _BOX.sub(r"\1 ", text)).split("\n")


def pair(before: Lines, after: Lines, work: Work) -> tuple[Pairs, Pairs]:
    """Bare lines that belong together, the same or rewritten, growing in both; and lines that were moved.

    As many lines for as many are rewritten one by one; else those that are alike.
    """
    pairs: list[tuple[int, int]] = []
    i = j = 0
    for a, b in [*matches(before, after, work), (len(before), len(after))]:
        if i < a and j < b:
            pairs += _rewritten(before, after, (i, a), (j, b), work)
        if a < len(before):
            pairs.append((a, b))
        i, j = a + 1, b + 1
    return pairs, _moved(before, after, pairs)


def carried(base: str, mine: str, theirs: str, work: Work) -> tuple[Lines, Lines, Lines, Pairs, Pairs]:
    """The lines of all three with the ticks of both, and the pairs of the base's with those of mine and of theirs.

    A tick of a line that one has rewritten counts as long as it is alike, wherever it went.
    """
    texts = (base, mine, theirs)
    bases, *others = map(bare, texts)
    (ours, our_moves), (other, other_moves) = (pair(bases, lines, work) for lines in others)
    marked = [text.split("\n") for text in texts]
    found = dict([*ours, *our_moves]), dict([*other, *other_moves])
    for place, line in enumerate(marked[0]):
        was = _mark(line)
        if was is None:
            continue
        lines = [(marked[0], place)]
        for side, of, bared in zip(marked[1:], found, others, strict=True):
            if place in of and _alike(bases[place], bared[of[place]]):
                lines.append((side, of[place]))
        ticked = next((mark for side, n in lines if (mark := _mark(side[n])) not in (None, was)), was)
        for side, number in lines:
            side[number] = _with(side[number], ticked)
    return marked[0], marked[1], marked[2], ours, other


def tick(base: str, theirs: str, line: int, *, checked: bool) -> str | None:
    """``theirs`` with the box ticked or not that stands in a line of ``base``; None if that line is gone."""
    before, after = bare(base), bare(theirs)
    pairs, moves = pair(before, after, Work())
    place = dict([*pairs, *moves]).get(line)
    lines = theirs.split("\n")
    if place is None or _mark(lines[place]) is None or not _alike(before[line], after[place]):
        return None
    lines[place] = _with(lines[place], "x" if checked else " ")
    return "\n".join(lines)


def _mark(line: str) -> str | None:
    """What stands in the box of a line: " " or "x"; None if it has none."""
    found = _BOX.match(line) if "[" in line else None
    return found[2].lower() if found else None


def _with(line: str, mark: str) -> str:
    # One of somebody's own marks stays as it was written.
    return line if _mark(line) in (None, mark) else _BOX.sub(rf"\g<1>{mark}", line, count=1)


def _alike(one: str, other: str) -> bool:
    return one == other or bool(ratio(unmarked(one), unmarked(other)) >= _LIKE)


def _rewritten(old: Lines, new: Lines, here: tuple[int, int], there: tuple[int, int], work: Work) -> Pairs:
    """Pairs of lines between two that are the same."""
    (i, a), (j, b) = here, there
    stays = set(old[i:a]) & set(new[j:b])
    if a - i == b - j and not stays:
        return list(zip(range(i, a), range(j, b), strict=True))
    rows = [n for n in range(i, a) if old[n].strip() and old[n] not in stays]
    columns = [n for n in range(j, b) if new[n].strip() and new[n] not in stays]
    lengths = sum(len(old[n]) for n in rows), sum(len(new[n]) for n in columns)
    if not rows or len(rows) * len(columns) > bounds.PAIRED or not work.take(lengths[0] * lengths[1]):
        return []
    return _best(rows, columns, old, new)


def _best(rows: list[int], columns: list[int], old: Lines, new: Lines) -> Pairs:
    """The series of pairs that are alike, growing in both, with the most in common."""
    # best[r][c]: what the first r rows and c columns have in common at most
    best = [[0.0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    ours, other = (
        {n: unmarked(lines[n]) for n in numbers} for lines, numbers in ((old, rows), (new, columns))
    )
    like = [[ratio(ours[n], other[m], score_cutoff=_LIKE) for m in columns] for n in rows]
    for r in range(1, len(rows) + 1):
        for c in range(1, len(columns) + 1):
            paired = best[r - 1][c - 1] + like[r - 1][c - 1]
            best[r][c] = max(best[r - 1][c], best[r][c - 1], paired)
    pairs = []
    r, c = len(rows), len(columns)
    while r and c:
        if best[r][c] == best[r - 1][c]:
            r -= 1
        elif best[r][c] == best[r][c - 1]:
            c -= 1
        else:
            r, c = r - 1, c - 1
            pairs.append((rows[r], columns[c]))
    return pairs[::-1]


def _moved(old: Lines, new: Lines, pairs: Pairs) -> Pairs:
    """Lines that stand elsewhere now, each of them there once."""
    left = _once(old, {n for n, _ in pairs})
    come = _once(new, {n for _, n in pairs})
    return [(left[line], come[line]) for line in left.keys() & come.keys() if line.strip()]


def _once(lines: Lines, paired: set[int]) -> dict[str, int]:
    found: dict[str, list[int]] = {}
    for n, line in enumerate(lines):
        if n not in paired:
            found.setdefault(line, []).append(n)
    return {line: numbers[0] for line, numbers in found.items() if len(numbers) == 1}
