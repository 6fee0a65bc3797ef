"""What turned one note into another, as its readers see it: by paragraphs, items and rows, and in them by words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from markdown_it.token import Token

from widget.notebook import bounds, markdown
from widget.notebook.merging.alignment import Work, matches
from widget.notebook.merging.boxes import pair
from widget.notebook.merging.words import PIECES

# What readers see of marks within a line.
_MARKS = {"strong_open": "strong", "em_open": "em", "s_open": "s", "link_open": "u"}
_AROUND = {"list_item_open": "item", "blockquote_open": "quote", "heading_open": "head", "tr_open": "row"}
# Beyond it marks and levels are shown no more: ten thousand of them can stand in each other.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Undo:
    """How a part is taken back: lines ``start`` to ``end`` of the later text become ``lines`` again."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a note: ``kind`` is "same", "changed" or "gap" (what stayed as it is and is left out)."""

    kind: str
    html: str = ""
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, a space or a sign, and the marks it stands in."""

    text: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    """What a reader takes in at a time: a paragraph, an item, a row. ``start`` and ``end`` are its lines.

    ``form`` is what else readers see: of which level, with which number, in which kind of list or code.
    """

    kind: str
    form: str
    depth: int
    words: tuple[_Word, ...]
    start: int
    end: int

    @property
    def looks(self) -> object:
        return self.kind, self.form, self.words

    @property
    def said(self) -> str:
        return "".join(word.text for word in self.words)


def compare(before: str, after: str) -> Sequence[Part] | None:
    """The parts of ``after``, with what was added and what was removed; None beyond `bounds.PARTS`."""
    old, new = _blocks(before), _blocks(after)
    if old is None or new is None:
        return None
    work = Work()
    pairs, _ = pair([block.said for block in old], [block.said for block in new], work)
    stays = [(i, j) for i, j in pairs if old[i].looks == new[j].looks]
    paired = dict(pairs)
    parts: list[Part] = []
    i = j = 0
    for a, b in [*stays, (len(old), len(new))]:
        if i < a or j < b:
            html = "".join(
                _changed(old[i:a], new[j:b], {n - i: paired[n] - j for n in range(i, a) if n in paired}, work)
            )
            lines = before.split("\n")[_end(old, i) : _start(old, a, before)]
            undo = Undo(_end(new, j), _start(new, b, after), tuple(lines))
            parts.append(Part("changed", html, undo))
        if b < len(new):
            parts.append(Part("same", _html(new[b], _run(new[b].words))))
        i, j = a + 1, b + 1
    shown = _near(parts)
    return shown if len(shown) <= bounds.PARTS else None


def _changed(
    old: Sequence[_Block], new: Sequence[_Block], paired: dict[int, int], work: Work
) -> Iterator[str]:
    """Blocks that came, went, or say something else."""
    done = 0
    for i, block in enumerate(old):
        j = paired.get(i)
        if j is None:
            yield _html(block, _run(block.words, "del"))
            continue
        yield from (_html(each, _run(each.words, "ins")) for each in new[done:j])
        yield _html(new[j], _rewritten(block.words, new[j].words, work))
        done = j + 1
    yield from (_html(each, _run(each.words, "ins")) for each in new[done:])


def _rewritten(old: Sequence[_Word], new: Sequence[_Word], work: Work) -> str:
    """Words that stayed, went and came."""
    keys = [[f"{word.text}\n{' '.join(word.marks)}" for word in words] for words in (old, new)]
    html = []
    i = j = 0
    for a, b in [*matches(keys[0], keys[1], work), (len(old), len(new))]:
        html += [_run(old[i:a], "del"), _run(new[j:b], "ins"), _run(new[b : b + 1])]
        i, j = a + 1, b + 1
    return "".join(html)


def _run(words: Sequence[_Word], tag: str = "") -> str:
    """Words in their marks, all of them inside ``tag``."""
    html = []
    for marks, same in groupby(words, key=lambda word: word.marks):
        inner = escape("".join(word.text for word in same), quote=False)
        names = [mark.split(" ")[0] for mark in marks]
        html.append(
            "".join(f"<{name}>" for name in names) + inner + "".join(f"</{name}>" for name in names[::-1])
        )
    return f"<{tag}>{''.join(html)}</{tag}>" if tag and words else "".join(html)


def _html(block: _Block, inner: str) -> str:
    return f'<p class="part-{block.kind} part-{block.depth}" dir="auto">{inner}</p>'


def _near(parts: Sequence[Part]) -> list[Part]:
    """The parts that changed and one beside each; what lies between is a gap."""
    kept = {n for n, part in enumerate(parts) if part.kind == "changed"}
    kept |= {n + step for n in kept for step in (-1, 1)}
    shown: list[Part] = []
    for n, part in enumerate(parts):
        if n in kept:
            shown.append(part)
        elif not shown or shown[-1].kind != "gap":
            shown.append(Part("gap"))
    return shown


def _end(blocks: Sequence[_Block], place: int) -> int:
    """The line behind the block before ``place``."""
    return blocks[place - 1].end if place else 0


def _start(blocks: Sequence[_Block], place: int, text: str) -> int:
    """The first line of the block at ``place``, or the one behind the text."""
    return blocks[place].start if place < len(blocks) else text.count("\n") + 1


def _blocks(text: str) -> list[_Block] | None:
    """What a reader takes in, in order; None for what is shown as it was written."""
    tokens = markdown.tokens(text) if text else []
    if tokens is None:
        return None
    found: list[_Block] = []
    around: list[str] = []  # what the token stands in, from the outside
    forms: list[str] = []
    row: list[_Word] = []
    lines = (0, 0)  # of the row
    for token in tokens:
        if token.type == "tr_open" and token.map:
            lines = token.map[0], token.map[1]
        if token.type == "tr_close":
            found.append(_Block("row", "", 0, tuple(row), *lines))
            row = []
        if token.nesting > 0:
            around.append(_AROUND.get(token.type, ""))
            forms.append(f"{token.tag}{token.attrGet('start') or ''}")
        elif token.nesting < 0:
            around.pop()
            forms.pop()
        elif "row" in around:
            row += [_Word(" │ ")] * bool(row) + list(_words(token))
        elif token.map:
            depth = min(_DEEPEST, sum(each in ("item", "inner", "quote") for each in around))
            form = " ".join([*forms[-_DEEPEST:], token.type])
            found.append(_Block(_kind(around, token), form, depth, tuple(_words(token)), *token.map))
            # What else stands in an item has no mark of its own.
            around = ["inner" if each == "item" else each for each in around]
    return found


def _kind(around: Sequence[str], token: Token) -> str:
    if token.type == "hr":
        return "line"
    if token.type in ("fence", "code_block"):
        return "code"
    if "box" in token.meta:
        return "done" if token.meta["box"].checked else "open"
    kind = next((each for each in reversed(around) if each), "text")
    return "text" if kind == "inner" else kind


def _words(token: Token) -> Iterator[_Word]:
    if token.type != "inline":
        yield from map(_Word, PIECES.findall(token.content or token.markup))
        return
    marks: list[str] = []
    for child in token.children or ():
        if child.type in _MARKS:
            marks.append(f"{_MARKS[child.type]} {child.attrGet('href') or ''}")
        elif child.nesting < 0:
            marks.pop()
        elif child.tag == "br":
            yield _Word("\n")
        elif child.type == "code_inline":
            yield _Word(child.content, (*marks[:_DEEPEST], "code"))
        elif child.type != "html_inline":
            yield from (_Word(piece, tuple(marks[:_DEEPEST])) for piece in PIECES.findall(child.content))
