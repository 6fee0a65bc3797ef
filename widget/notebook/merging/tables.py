"""Tables, while they are merged: row by row, and in a row cell by cell."""

import re
from collections.abc import Sequence

from widget.notebook.merging import words
from widget.notebook.merging.alignment import Pairs, Work, changes, matches
from widget.notebook.merging.changes import regions

_RULE = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_BAR = re.compile(r"(?<!\\)\|")


def is_rule(line: str) -> bool:
    """Whether a line is what stands between the head of a table and its rows."""
    return "|" in line and bool(_RULE.match(line))


def spans(lines: Sequence[str]) -> list[tuple[int, int, int]]:
    """The tables of a text: first line, the one behind the last, and the rule."""
    found = []
    end = 0
    for n in range(1, len(lines)):
        if n > end and "|" in lines[n] and "|" in lines[n - 1] and is_rule(lines[n]):
            end = n + 1
            while end < len(lines) and "|" in lines[end]:
                end += 1
            found.append((n - 1, end, n))
    return found


def width(line: str) -> int:
    """How many cells a row has."""
    return len(_BAR.split(line.strip().strip("|")))


def reshaped(
    base: Sequence[str], mine: Sequence[str], theirs: Sequence[str], ours: Pairs, other: Pairs
) -> list[tuple[int, int]]:
    """Tables whose columns one has changed, and whose rows or columns the other: they go together or not at all."""
    found = []
    for start, end, rule in spans(base):
        table = base[start:end]
        my, their = (
            _Reshaping(table, rule - start, new, [of.get(n) for n in range(start, end)])
            for new, of in ((mine, dict(ours)), (theirs, dict(other)))
        )
        if (my.columns and (their.columns or (my.shifts and their.rows))) or (
            their.columns and their.shifts and my.rows
        ):
            found.append((start, end))
    return found


class _Reshaping:
    """What somebody did to the shape of a table of the base."""

    def __init__(
        self, table: Sequence[str], rule: int, new: Sequence[str], places: Sequence[int | None]
    ) -> None:
        first, last, ruled = places[0], places[-1], places[rule]
        grown = last is not None and last + 1 < len(new) and "|" in new[last + 1]
        # rows came or went
        self.rows = first is None or list(places) != list(range(first, first + len(table))) or grown
        # columns came or went
        self.columns = ruled is not None and width(new[ruled]) != width(table[rule])
        # rows of the old shape would not fit under the new head
        self.shifts = first is not None and _cells(new[first])[: width(table[rule])] != _cells(table[0])


def merge_row(base: str, mine: str, theirs: str, work: Work) -> tuple[str, bool]:
    """A row with the cells of both, and whether some exclude each other; there it is mine."""
    before, ours, other = (_BAR.split(row) for row in (base, mine, theirs))
    if len(before) == len(ours) == len(other):
        cells = [_cell(*each, work) for each in zip(before, ours, other, strict=True)]
        return "|".join(cell for cell, _ in cells), any(clash for _, clash in cells)
    bare = [[cell.strip() for cell in row] for row in (before, ours, other)]
    done = regions(bare[0], *(changes(bare[0], row, list(matches(bare[0], row, work))) for row in bare[1:]))
    merged: list[str] = []
    clashes = False
    at = 0
    for region in done:
        settled = region.settled
        clashes |= settled is None
        merged += [*bare[0][at : region.start], *(settled if settled is not None else region.mine or ())]
        at = region.end
    return " | ".join([*merged, *bare[0][at:]]).strip(), clashes


def _cell(base: str, mine: str, theirs: str, work: Work) -> tuple[str, bool]:
    was, ours, other = (cell.strip() for cell in (base, mine, theirs))
    if ours in (was, other):
        return theirs, False
    if was == other:
        return mine, False
    merged, clash = words.merge(was, ours, other, work)
    return f" {merged} ", clash


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(row.strip().strip("|"))]
