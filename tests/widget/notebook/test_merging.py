"""Two people's changes of one text: brought together where they can be, shown where they exclude each other."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widget.notebook.merging import Clash, Clashing, merge, tick

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
        ("call\ncall\nold", "call\nwrite\ncall", "Today\ncall\ncall", "Today\ncall\nwrite\ncall"),
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
        ("rent 900\nend", "rent 950\nend", "rent 990\nend", Clash("rent 900", "rent 950", "rent 990", 0, 1)),
        ("a\nb\nc", "a\nc", "a\nB\nc", Clash("b", "", "B", 1, 0)),
        ("a\nb\nc\nd", "a\nX\nd", "a\nb\nC\nd", Clash("b\nc", "X", "b\nC", 1, 1)),
        # both move a copy to one place, each another
        ("a\n\n", "\na\n", "\na\nN\n", Clash("a\n\n", "\na\n", "\na\nN\n", 0, 3)),
    ],
)
def test_changes_of_one_line_clash(base: str, mine: str, theirs: str, clash: Clash) -> None:
    with pytest.raises(Clashing) as raised:
        merge(base, mine, theirs)
    assert raised.value.clashes == [clash]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        # words of one line
        ("rent 900 from May on", "rent 950 from May on", "rent 900 from June on", "rent 950 from June on"),
        ("one two three", "## one two three", "one two four", "## one two four"),
        ("Meet at 9.", "Meet at 9. Bring cake.", "Meet at 9. Bring tea.", "Meet at 9. Bring tea. Bring cake."),
        ("我们明天开会讨论价格", "我们后天开会讨论价格", "我们明天开会讨论预算", "我们后天开会讨论预算"),
        ("किताब लाओ और पढ़ो अब", "किताबें लाओ और पढ़ो अब", "किताब लाओ और पढ़ो कल", "किताबें लाओ और पढ़ो कल"),
        # numbers of items are no words
        ("1. a\n2. b", "1. x\n2. a\n3. b", "1. a\n2. b and c", "1. x\n2. a\n3. b and c"),
        ("1. a\n1. b", "1. a\n2. b", "1. a\n3. b", "1. a\n2. b"),
        # a tick and the words beside it, rewritten, moved or with lines that came
        ("- [ ] rent 900", "- [ ] rent 950", "- [x] rent 900", "- [x] rent 950"),
        ("- [x] a a\n- [ ] b", "- [x] b\n- [x] a a", "- [ ] a a\n- [ ] b", "- [x] b\n- [ ] a a"),
        ("- [ ] one thing\n- [ ] two", "- [ ] new\n- [ ] one thing more\n- [ ] two", "- [x] one thing\n- [ ] two",
         "- [ ] new\n- [x] one thing more\n- [ ] two"),
        ("- [ ] a\n- [ ] b", "- [X] a\n- [ ] b", "- [x] a\n- [ ] b", "- [X] a\n- [ ] b"),
        # a tick of what was replaced by something else has nothing to stand at
        ("- [ ] buy milk\nend", "- [ ] Zürich\nend", "- [x] buy milk\nend", "- [ ] Zürich\nend"),
        # cells of one row, rows under a head that grew to the right, a column and a cell
        ("|a|b|\n|-|-|\n|1|2|", "|a|b|\n|-|-|\n|1|x|", "|a|b|\n|-|-|\n|y|2|", "|a|b|\n|-|-|\n|y|x|"),
        ("|a|\n|-|\n|1|", "|a|b|\n|-|-|\n|1|2|", "|a|\n|-|\n|1|\n|3|", "|a|b|\n|-|-|\n|1|2|\n|3|"),
        ("|a|b|\n|-|-|\n|1|2|", "|n|a|b|\n|-|-|-|\n|0|1|2|", "|a|b|\n|-|-|\n|1|x|",
         "|n|a|b|\n|-|-|-|\n| 0 | 1 | x |"),
        # two tables, or blocks of code, at one place stay two
        ("t", "t\n|a|\n|-|\n|1|", "t\n|b|\n|-|\n|2|", "t\n|b|\n|-|\n|2|\n\n|a|\n|-|\n|1|"),
        ("t", "t\n```\na\n```", "t\nb", "t\nb\n\n```\na\n```"),
    ],
)  # fmt: skip
def test_changes_of_one_line_are_brought_together_by_words_and_cells(
    base: str, mine: str, theirs: str, merged: str
) -> None:
    assert merge(base, mine, theirs) == merged


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "clashes"),
    [
        # words that stand side by side
        ("rent 900 euros", "rent 950 euros", "rent 900 dollars", ["rent 900 euros"]),
        ("red car", "blue car", "red bus", ["red car"]),
        ("call Ann", "call Ann today", "call Ann and Bob", ["call Ann"]),
        ("v1.5", "v1.6", "v2.5", ["v1.5"]),
        # one marks a line as one thing, the other as another
        ("words", "## words", "> words", ["words"]),
        # one cell; rows under a head that grew to the left; both add a column
        ("|a|b|\n|-|-|\n|1|2|", "|a|b|\n|-|-|\n|3|2|", "|a|b|\n|-|-|\n|4|2|", ["|1|2|"]),
        ("|a|\n|-|\n|1|", "|n|a|\n|-|-|\n|0|1|", "|a|\n|-|\n|1|\n|3|", ["|a|\n|-|\n|1|"]),
        ("|a|\n|-|\n|1|", "|a|x|\n|-|-|\n|1||", "|a|y|\n|-|-|\n|1||", ["|a|\n|-|\n|1|"]),
        # one deletes what the other went on with
        ("a\nb\nc", "a\nc", "a\nb and more\nc", ["b"]),
    ],
)
def test_what_excludes_each_other_asks(base: str, mine: str, theirs: str, clashes: list[str]) -> None:
    for one, other in ((mine, theirs), (theirs, mine)):
        with pytest.raises(Clashing) as raised:
            merge(base, one, other)
        assert [clash.base for clash in raised.value.clashes] == clashes


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        # what was added at the very end of what the other has rewritten
        ("- [ ] keys\nend", "- [ ] keys w1 w2\nend", "w3 is w4\nend", "- [ ] keys w1 w2\nend"),
        ("Rent a until b\nend", "Rent a until b. And c.\nend", "- d\ne\nend", "Rent a until b. And c.\nend"),
    ],
)
def test_a_clash_keeps_all_of_mine(base: str, mine: str, theirs: str, merged: str) -> None:
    with pytest.raises(Clashing) as raised:
        merge(base, mine, theirs)
    assert (raised.value.merged, len(raised.value.clashes)) == (merged, 1)
    assert raised.value.clashes[0].base != base


def test_of_a_clash_the_rest_is_brought_together() -> None:
    with pytest.raises(Clashing) as raised:
        merge(
            "rent 900 due in May or later", "rent 950 due in June or later", "rent 990 due in May or sooner"
        )
    assert raised.value.merged == "rent 950 due in June or sooner"


def test_whatever_clashes_my_words_are_in_the_field_and_theirs_in_what_they_wrote() -> None:
    chance = random.Random(5)
    clashing = 0
    for number in range(5_000):
        base = [
            chance.choice(["Rent is due. w0", "- [ ] keys w1", "| a w2 | b |", "call w3"]) for _ in range(3)
        ]
        mine, theirs = (retyped(base, f"{side}{number}", chance) for side in "mt")
        must = words_of(mine) | words_of(theirs)
        try:
            merged = merge("\n".join(base), mine, theirs)
        except Clashing as asked:
            clashing += 1
            merged, must = asked.merged, words_of(mine)
        assert must - words_of("\n".join(base)) <= words_of(merged), (base, mine, theirs)
    assert 1_000 < clashing < 4_000


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def retyped(base: list[str], new: str, chance: random.Random) -> str:
    """What somebody makes of some lines by words of their own."""
    made = list(base)
    for step in range(chance.randint(1, 3)):
        place = chance.randrange(len(made))
        words = made[place].split(" ")
        act = chance.randrange(4)
        if act == 0:
            made[place] += f" {new}e{step}"
        elif act == 1:
            words[chance.randrange(len(words))] = f"{new}r{step}"
            made[place] = " ".join(words)
        elif act == 2:
            made.insert(place, f"- {new}i{step}")
        elif len(made) > 1:
            del made[place]
    return "\n".join(made)


class TestTick:
    BASE = "- [ ] rent 900\n- [ ] keys"

    @pytest.mark.parametrize(
        ("theirs", "ticked"),
        [
            ("- [ ] keys\n- [ ] rent 900", "- [ ] keys\n- [x] rent 900"),
            ("- [ ] rent 950\n- [ ] keys", "- [x] rent 950\n- [ ] keys"),
            ("- [x] rent 900\n- [ ] keys", "- [x] rent 900\n- [ ] keys"),
            ("- [ ] keys", None),
            ("- rent 900\n- [ ] keys", None),
            ("- [ ] lamp\n- [ ] keys", None),
        ],
    )
    def test_a_tick_finds_its_box(self, theirs: str, ticked: str | None) -> None:
        assert tick(self.BASE, theirs, 0, checked=True) == ticked


@settings(deadline=None)
@given(lines, lines, lines)
def test_no_line_that_somebody_wrote_is_lost(base: str, mine: str, theirs: str) -> None:
    try:
        merged = merge(base, mine, theirs)
    except Clashing:
        return
    for text in (mine, theirs):
        # A tick of a line that the other has rewritten has no words.
        written = set(text.replace("[x]", "[ ]").split("\n")) - set(base.replace("[x]", "[ ]").split("\n"))
        assert written <= set(merged.replace("[x]", "[ ]").split("\n"))
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
