"""Two people's changes within one stretch of text, word by word.

Between what one and the other has changed there must be a word that both have left: whoever wrote "950" beside
"euros" has not read "dollars". Marks at the beginning of a line (of headings, items, quotes) are apart from it.
"""

import re
from collections import Counter
from collections.abc import Sequence

from widget.notebook.merging.alignment import Work, changes, matches
from widget.notebook.merging.changes import Region, regions

# The marks of a line; words, with the signs that stand above and below letters; one character of a script without
# spaces is a word.
_HEAD = re.compile(r"[ \t>]*(?:#{1,6}[ \t]+|(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)+(?:\[[ xX]\][ \t]+)?)?")
_MARKS = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u200c\u200d"
PIECES = re.compile(
    rf"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff]|\w(?:[\w{_MARKS}](?<![\u3040-\u30ff\u3400-\u9fff]))*|\s+|[^\w\s]"
)
_WORD = re.compile(r"\w")
_NUMBER = re.compile(r"\s*\d+[.)]\s+$")
# Behind a colon stands a value, and two of one field are a question.
_SENTENCE = tuple(".!?…\u3002\uff01\uff1f\u0964\u061f")


def merge(base: str, mine: str, theirs: str, work: Work) -> tuple[str, bool]:
    """``base`` with the changes of both, and whether some of them exclude each other; there it is mine.

    What both add behind one sentence is all kept, theirs first.
    """
    before, ours, other = map(tokens, (base, mine, theirs))
    my_changes, their_changes = (
        changes(before, new, list(matches(before, new, work))) for new in (ours, other)
    )
    found = regions(before, my_changes, their_changes, apart=lambda start, end: _apart(before, start, end))
    merged: list[str] = []
    clashes = False
    done = 0
    for region in found:
        merged += before[done : region.start]
        done = region.end
        settled = region.settled
        if settled is not None:
            merged += settled
        elif _renumbers(before, region):
            merged += region.mine or ()
        elif region.added and _ends_sentence(before, region.start):
            merged += [*(region.theirs or ()), *(region.mine or ())]
        else:
            clashes = True
            merged += region.mine or ()
    return "".join([*merged, *before[done:]]), clashes


def tokens(text: str) -> list[str]:
    """Marks of each line, with the line end before them, and what follows: words, spaces, signs."""
    found: list[str] = []
    for number, line in enumerate(text.split("\n")):
        head = _HEAD.match(line)
        length = head.end() if head else 0
        found.append("\n" * bool(number) + line[:length])
        found += PIECES.findall(line, length)
    return found


def unmarked(line: str) -> str:
    """A line without the marks at its beginning."""
    head = _HEAD.match(line)
    return line[head.end() :] if head else line


def words(text: str) -> list[str]:
    """The words of a text, without the marks of its lines."""
    return [
        piece for line in text.split("\n") for piece in PIECES.findall(unmarked(line)) if _WORD.match(piece)
    ]


def drops_words(before: str, after: str) -> bool:
    """Whether a word of one text is not as often in the other."""
    return bool(Counter(words(before)) - Counter(words(after)))


def _apart(before: Sequence[str], start: int, end: int) -> bool:
    """Whether two changes, one up to ``start``, the next from ``end`` on, are of different words."""
    between = before[start:end]
    return any(map(_WORD.match, between)) or (start > 0 and _is_head(before, start - 1))


def _is_head(before: Sequence[str], number: int) -> bool:
    return number == 0 or before[number].startswith("\n")


def _renumbers(before: Sequence[str], region: Region) -> bool:
    """Whether both have given an item another number."""
    each = (before[region.start : region.end], region.mine or (), region.theirs or ())
    return all(len(parts) == 1 and _NUMBER.match(parts[0]) for parts in each)


def _ends_sentence(before: Sequence[str], place: int) -> bool:
    said = "".join(before[max(0, place - 2) : place]).rstrip()
    return said.endswith(_SENTENCE)
