"""Two people's changes of one text: brought together where they can be, shown where they exclude each other."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widget.notebook.merging import Clash, Clashing, merge

X = "x\n" * 9
lines = st.lists(st.sampled_from(["a", "b", "c", "", "- [ ] d", "- [x] d"]), min_size=1, max_size=8).map(
    "\n".join
)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        # neighbours
        ("- [ ] a\n- [ ] b", "- [x] a\n- [ ] b", "- [ ] a\n- [x] b", "- [x] a\n- [x] b"),
        ("a\nb\nc", "a\nB\nc", "a\nb\nC", "a\nB\nC"),
        ("a\nb", "a\nx\nb", "A\nb", "A\nx\nb"),
        ("a\nb\nc", "a\nc", "a\nb\nC", "a\nC"),
        # both add at one place
        ("list", "list\nmine", "list\ntheirs", "list\ntheirs\nmine"),
        ("list", "list\nsame", "list\nsame", "list\nsame"),
        # both did the same, or one of them nothing
        ("a\nb", "a\nB", "a\nB", "a\nB"),
        ("a\nb", "a\nb", "a\nb\nc", "a\nb\nc"),
        ("a\nb", "c", "a\nb", "c"),
        # lines that are there several times
        ("a\n\nb\n\nc", "A\n\nb\n\nc", "a\n\nb\n\nC", "A\n\nb\n\nC"),
        (X + "end", "first\n" + X + "end", X + "the end", "first\n" + X + "the end"),
        # moved past each other
        ("a\nb\nc\nd", "b\nc\nd\na", "a\nb\nc\nD", "b\nc\nD\na"),
        ("a\n", "a\nb\n", "A\n", "A\nb\n"),
        ("a\n\nb\n\nc", "A\n\nB\n\nc", "a\n\nB\n\nc", "A\n\nB\n\nc"),
    ],
)  # fmt: skip
def test_changes_of_other_lines_are_brought_together(base: str, mine: str, theirs: str, merged: str) -> None:
    assert merge(base, mine, theirs) == merged


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "clash"),
    [
        ("rent 900\nend", "rent 950\nend", "rent 990\nend", Clash("rent 900", "rent 950", "rent 990")),
        ("a\nb\nc", "a\nc", "a\nB\nc", Clash("b", "", "B")),
        ("a\nb\nc\nd", "a\nX\nd", "a\nb\nC\nd", Clash("b\nc", "X", "b\nC")),
        # a line that is there twice, before and after what each of the two wrote
        (
            "call\ncall\nold",
            "call\nwrite\ncall",
            "Today\ncall\ncall",
            Clash("call\ncall\nold", "call\nwrite\ncall", "Today\ncall\ncall"),
        ),
        # both move a copy to one place, each another
        ("a\n\n", "\na\n", "\na\nN\n", Clash("a\n\n", "\na\n", "\na\nN\n")),
    ],
)
def test_changes_of_one_line_clash(base: str, mine: str, theirs: str, clash: Clash) -> None:
    with pytest.raises(Clashing) as raised:
        merge(base, mine, theirs)
    assert raised.value.clashes == [clash]


@settings(deadline=None)
@given(lines, lines, lines)
def test_no_line_that_somebody_wrote_is_lost(base: str, mine: str, theirs: str) -> None:
    try:
        merged = merge(base, mine, theirs).split("\n")
    except Clashing:
        return
    for text in (mine, theirs):
        assert set(text.split("\n")) - set(base.split("\n")) <= set(merged)
    assert merge(base, mine, base) == mine
    assert merge(base, base, theirs) == theirs
    assert merge(base, mine, mine) == mine


def rewritten(base: list[str], chance: random.Random) -> list[str]:
    """What somebody makes of some lines: adds, takes away, rewrites, moves."""
    made = list(base)
    for _ in range(chance.randint(1, 3)):
        act = chance.randrange(4) if made else 0
        line = made.pop(chance.randrange(len(made))) if act else ""
        if act != 1:
            new = line if act == 2 else chance.choice("xyNM")
            made.insert(chance.randint(0, len(made)), new)
    return made or [""]


def test_no_line_that_both_kept_is_lost_however_often_it_is_there() -> None:
    chance = random.Random(3)
    merges = 0
    for _ in range(20_000):
        base = [chance.choice(["", "", "x", "a", "y"]) for _ in range(chance.randint(1, 7))]
        mine, theirs = rewritten(base, chance), rewritten(base, chance)
        try:
            merged = merge(*("\n".join(lines) for lines in (base, mine, theirs))).split("\n")
        except Clashing:
            continue
        merges += 1
        for line in set(base):
            was = base.count(line)
            taken = sum(max(0, was - lines.count(line)) for lines in (mine, theirs))
            assert merged.count(line) >= was - taken, (base, mine, theirs, merged)
    assert merges > 10_000, "most changes are of other lines"


def test_texts_made_to_be_slow_cost_little() -> None:
    """Comparisons of lines, which a matrix of 3 160 by 3 160 would count in millions."""
    compared = 0

    class Line(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    class Text(str):
        __slots__ = ()

        def split(self, *_: object) -> list[Line]:  # type: ignore[override]
            return [Line(line) for line in str.split(self, "\n")]

    chance = random.Random(7)
    slow = [Text("\n".join(f"{chance.randrange(50)}\njunk" for _ in range(1580))) for _ in range(3)]
    with pytest.raises(Clashing):
        merge(*slow)
    assert compared < 200_000
