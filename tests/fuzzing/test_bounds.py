"""Whatever a note says, it costs no more than `widget.notebook.bounds` allow. Work is counted and never timed."""

import sys
from collections.abc import Callable
from html.parser import HTMLParser
from types import FrameType
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.cases import counted, fuzzed
from tests.fuzzing.pathological import CORPUS, altered, pathological
from widget.notebook import bounds, checklists
from widget.notebook.comparison import compare
from widget.notebook.difference import difference
from widget.notebook.folding import fold
from widget.notebook.markdown import Rendered, render, tick
from widget.notebook.merging import Clashing, merge

T = TypeVar("T")

# Calls of Python and C functions for each character of a text, and what any text costs: the most costly kinds of
# the corpus take 280.
CALLS, ALWAYS = 400, 20_000


def calls_of(work: Callable[[], T]) -> tuple[T, int]:
    """What ``work`` answers, and how many calls it took."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer = work()
    finally:
        sys.setprofile(before)
    return answer, calls


class Nodes(HTMLParser):
    """Counts elements and texts as a browser would make them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.number = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.number += 1

    def handle_data(self, data: str) -> None:
        self.number += 1


def rendering_is_bounded(text: str) -> Rendered:
    rendered, calls = calls_of(lambda: render(text))
    assert len(text) <= bounds.TEXT
    assert calls <= CALLS * len(text) + ALWAYS
    assert len(rendered.html.encode()) <= bounds.HTML
    assert rendered.html.count("<") <= bounds.TAGS
    assert Nodes(rendered.html).number <= 2 * bounds.TAGS
    assert rendered.html.count("<td") + rendered.html.count("<th>") <= bounds.CELLS
    return rendered


def folding_is_bounded(text: str) -> None:
    folded, calls = calls_of(lambda: fold(text))
    assert len(folded) <= bounds.FOLDED
    assert calls <= CALLS * len(text) + ALWAYS
    assert fold(folded) == folded


def ticking_is_bounded(text: str, rendered: Rendered) -> None:
    """The last box that is shown can be ticked, and no other one after it."""
    if number := len(rendered.boxes):
        with pytest.raises(checklists.NoSuchBox):
            tick(text, number, checked=True)
        ticked, calls = calls_of(lambda: tick(text, number - 1, checked=True))
        assert calls <= CALLS * len(text) + ALWAYS
        assert len(ticked) == len(text)


def difference_is_bounded(before: str, after: str) -> None:
    pieces, calls = calls_of(lambda: difference(before, after))
    assert calls <= CALLS * (len(before) + len(after)) + ALWAYS
    assert len(pieces) <= bounds.PIECES
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def merging_is_bounded(base: str, mine: str, theirs: str) -> None:
    def merged() -> str:
        try:
            return merge(base, mine, theirs)
        except Clashing as clashing:
            return clashing.merged

    _, calls = calls_of(merged)
    assert calls <= CALLS * (len(base) + len(mine) + len(theirs)) + ALWAYS


def comparing_is_bounded(before: str, after: str) -> None:
    parts, calls = calls_of(lambda: compare(before, after))
    assert calls <= CALLS * (len(before) + len(after)) + ALWAYS
    assert len(parts or ()) <= bounds.PARTS
    assert sum(len(part.html) for part in parts or ()) <= 4 * bounds.HTML


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_every_kind_of_the_corpus(text: str) -> None:
    text = text[: bounds.TEXT]
    rendered = rendering_is_bounded(text)
    folding_is_bounded(text)
    ticking_is_bounded(text, rendered)
    difference_is_bounded(text, text[::-1])
    halves = text[len(text) // 2 :] + text[: len(text) // 2]
    merging_is_bounded(text, text[::-1], halves)
    comparing_is_bounded(text, text.replace("a", "b"))


@fuzzed("bounds")
@given(pathological())
def test_rendering_searching_and_ticking(text: str) -> None:
    with counted("bounds"):
        folding_is_bounded(text)
        ticking_is_bounded(text, rendering_is_bounded(text))


@fuzzed("differences")
@given(st.data(), pathological(), pathological())
def test_differences(data: st.DataObject, before: str, other: str) -> None:
    with counted("differences"):
        after = data.draw(altered(before) | st.just(other))
        difference_is_bounded(before, after)
        comparing_is_bounded(before, after)
        merging_is_bounded(before, after, data.draw(altered(before)))
