"""What turned one text into another."""

import re
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from widget.notebook import bounds

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that a change left, took away or brought: ``kind`` is "same", "removed" or "added"."""

    kind: str
    text: str


def difference(before: str, after: str) -> tuple[Piece, ...]:
    """What turned ``before`` into ``after``, by words; more than `bounds` allow is shown as replaced."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if len(old) * len(new) > bounds.COMPARED:
        return _change(before, after)
    pieces: list[Piece] = []
    removed = added = ""
    for step in Indel.opcodes(old, new):
        gone, come = (
            "".join(old[step.src_start : step.src_end]),
            "".join(new[step.dest_start : step.dest_end]),
        )
        # A space between two changed words belongs to their change.
        if step.tag != "equal" or (come.isspace() and (removed or added)):
            removed, added = removed + gone, added + come
            continue
        pieces += (*_change(removed, added), Piece("same", come))
        removed = added = ""
    pieces += _change(removed, added)
    return tuple(pieces) if len(pieces) <= bounds.PIECES else _change(before, after)


def _change(before: str, after: str) -> tuple[Piece, ...]:
    return tuple(Piece(kind, text) for kind, text in (("removed", before), ("added", after)) if text)
