"""What a change did, as readers see it, and how a part of it is taken back."""

import random
import re

import pytest

from widget.notebook import bounds
from widget.notebook.comparison import Part, compare

BEFORE = """# Plan

We meet at **nine**.

- [ ] rent
- [ ] keys
  - spare ones

| what | who |
|---|---|
| van | Ann |

> quote

```
code
```

The end."""


def changed(before: str, after: str) -> list[Part]:
    parts = compare(before, after)
    assert parts is not None
    return [part for part in parts if part.kind == "changed"]


def undone(part: Part, after: str) -> str:
    assert part.undo
    lines = after.split("\n")
    lines[part.undo.start : part.undo.end] = part.undo.lines
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("old", "new", "html"),
    [
        ("at **nine**", "at **ten**", 'text 0: We meet at <del><strong>nine</strong></del>'
         "<ins><strong>ten</strong></ins>."),
        ("**nine**", "nine", 'text 0: We meet at <del><strong>nine</strong></del><ins>nine</ins>.'),
        ("- [ ] rent", "- [x] rent", 'done 1: rent'),
        ("  - spare ones\n", "", 'item 2: <del>spare ones</del>'),
        ("| van | Ann |", "| van | Bob |", 'row 0: van │ <del>Ann</del><ins>Bob</ins>'),
        ("> quote", "> quoted", 'quote 1: <del>quote</del><ins>quoted</ins>'),
        ("code\n", "code 2\n", 'code 0: code<ins> 2</ins>\n'),
        ("# Plan", "# Plans", 'head 0: <del>Plan</del><ins>Plans</ins>'),
        ("The end.", "The end.\n\nMore <b>.", 'text 0: <ins>More &lt;b&gt;.</ins>'),
    ],
)  # fmt: skip
def test_a_change_is_shown_in_its_place_and_can_be_taken_back(old: str, new: str, html: str) -> None:
    after = BEFORE.replace(old, new)
    [part] = changed(BEFORE, after)
    assert (
        re.sub(r'<p class="part-(\w+) part-(\d)" dir="auto">(.*)</p>', r"\1 \2: \3", part.html, flags=re.S)
        == html
    )
    assert undone(part, after) == BEFORE


def test_each_part_is_taken_back_by_itself() -> None:
    after = BEFORE.replace("rent", "rent 900").replace("The end.", "The very end.").replace("# Plan\n\n", "")
    head, rent, end = changed(BEFORE, after)
    assert undone(rent, after) == after.replace("rent 900", "rent")
    assert undone(end, after) == after.replace(" very", "")
    assert undone(head, after) == "# Plan\n\n" + after


def test_what_stayed_is_left_out_but_for_one_block_beside_a_change() -> None:
    kinds = [part.kind for part in compare(BEFORE, BEFORE.replace("rent", "rent 900")) or ()]
    assert kinds == ["gap", "same", "changed", "same", "gap"]


def test_all_parts_taken_back_are_the_text_before() -> None:
    chance = random.Random(4)
    for _ in range(300):
        lines = BEFORE.split("\n")
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(lines))
            lines[place : place + chance.randrange(2)] = chance.choices(
                ["new", "", "- item", "> a", "more words"], k=1
            )
        after = "\n".join(lines)
        text = after
        for part in reversed(changed(BEFORE, after)):
            text = undone(part, text)
        assert [line for line in text.split("\n") if line.strip()] == [
            line for line in BEFORE.split("\n") if line.strip()
        ]


def test_what_is_shown_as_it_was_written_or_is_too_much_is_compared_by_its_source() -> None:
    assert compare("a", "[a]: http://x.example") is None
    many = "\n\n".join(f"line {n}" for n in range(bounds.PARTS + 1))
    assert compare(many, many.replace("line", "row")) is not None, "one part"
    between = "\n\n".join(f"line {n}\n\nstays" for n in range(bounds.PARTS))
    assert compare(between, between.replace("line", "row")) is None
