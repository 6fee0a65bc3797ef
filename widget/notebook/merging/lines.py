"""Two people's changes of one text, line by line."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from widget.notebook.merging import boxes, tables, words
from widget.notebook.merging.alignment import Work, changes
from widget.notebook.merging.changes import Clash, Clashing, Region, loses, regions

_FENCE = re.compile(r"[ \t>]*(```|~~~)")


@dataclass(frozen=True, slots=True)
class _Settled:
    """What becomes of a region, and what of it clashes."""

    lines: Sequence[str]
    clash: tuple[str, str, str] | None = None


def merge(base: str, mine: str, theirs: str) -> str:
    """``base`` with the changes of both. Lines that both add at one place are all kept, theirs first.

    Raises: Clashing.
    """
    if mine in (base, theirs):
        return theirs
    if theirs == base:
        return mine
    work = Work()
    before, ours, other, our_pairs, other_pairs = boxes.carried(base, mine, theirs, work)
    whole = tables.reshaped(before, ours, other, our_pairs, other_pairs)
    found = regions(
        before, changes(before, ours, our_pairs), changes(before, other, other_pairs), whole=whole
    )
    rows = {n for start, end, _ in tables.spans(before) for n in range(start, end)}
    merged: list[str] = []
    clashes = []
    done = 0
    settled = []
    for region in found:
        each = _settle(before, region, rows, work)
        settled.append(each)
        merged += before[done : region.start]
        clashes += [Clash(*each.clash, len(merged), len(each.lines))] if each.clash else []
        merged += each.lines
        done = region.end
    merged += before[done:]
    text = "\n".join(merged)
    if _loses_words(before, found, settled, of_both=not clashes):
        raise Clashing([whole_clash(base, mine, theirs)], mine)
    if clashes:
        raise Clashing(clashes, text)
    if loses(before, ours, other, merged):
        raise Clashing([whole_clash(base, mine, theirs)], mine)
    return text


def whole_clash(base: str, mine: str, theirs: str, offered: str | None = None) -> Clash:
    """All of a text is to be chosen; ``offered`` is what is offered instead of ``mine``."""
    return Clash(base, mine, theirs, 0, (mine if offered is None else offered).count("\n") + 1)


def _settle(before: Sequence[str], region: Region, rows: set[int], work: Work) -> _Settled:
    """What becomes of a region that one or both have changed."""
    if region.settled is not None:
        return _Settled(region.settled)
    mine, theirs = region.mine or (), region.theirs or ()
    if region.added and not region.whole:
        return _Settled([*theirs, *[""] * _must_part(theirs, mine), *mine])
    if not mine or not theirs or region.whole:
        return _clash(before, region)
    lines = before[region.start : region.end]
    if rows.isdisjoint(range(region.start, region.end)):
        base, ours, other = ("\n".join(each) for each in (lines, mine, theirs))
        text, clash = words.merge(base, ours, other, work)
        return _clash(before, region, text.split("\n")) if clash else _Settled(text.split("\n"))
    if not len(lines) == len(mine) == len(theirs):
        return _clash(before, region)
    merged = [tables.merge_row(*row, work) for row in zip(lines, mine, theirs, strict=True)]
    found = [row for row, _ in merged]
    return _clash(before, region, found) if any(clash for _, clash in merged) else _Settled(found)


def _clash(before: Sequence[str], region: Region, lines: Sequence[str] | None = None) -> _Settled:
    """A region that asks; ``lines`` are the changes of both, and where they exclude each other mine."""
    mine, theirs = region.mine or (), region.theirs or ()
    was = before[region.start : region.end]
    return _Settled(mine if lines is None else lines, ("\n".join(was), "\n".join(mine), "\n".join(theirs)))


def _must_part(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether what was added twice would become one table or one block of code."""
    apart = not first[-1].strip() or not second[0].strip()
    return not apart and any(tables.is_rule(line) or _FENCE.match(line) for line in (*first, *second))


def _loses_words(
    before: Sequence[str], found: Sequence[Region], settled: Sequence[_Settled], *, of_both: bool
) -> bool:
    """Whether a word is not there that I have brought, or either has, or both have kept."""
    were, mine, theirs, now = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for region, each in zip(found, settled, strict=True):
        lines = before[region.start : region.end]
        for counted, said in (
            (were, lines),
            (mine, lines if region.mine is None else region.mine),
            (theirs, lines if region.theirs is None else region.theirs),
            (now, each.lines),
        ):
            counted.update(words.words("\n".join(said)))
    if not of_both:
        return bool((mine - were) - now)
    kept = were - ((were - mine) + (were - theirs))
    return bool((kept + ((mine - were) | (theirs - were))) - now)
