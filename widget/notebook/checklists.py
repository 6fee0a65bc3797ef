"""Task lists as a plugin of markdown-it: ``- [ ] open`` and ``- [x] done`` become boxes.

`mdit-py-plugins` has one too, but it looks for each item's list from the start of the text, which takes seconds for
a list of thousands, and it does not tell where a box stands in the source.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MARK = re.compile(r"\[([ xX])\][ \t\n]+(?=\S)")
_BRACKETS = re.compile(r"\[[ xX]\]")


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a task list: the line of the source it stands in (from 0), and its state."""

    line: int
    checked: bool


class NoSuchBox(Exception):
    """The text has fewer boxes."""


def checklists(parser: MarkdownIt) -> None:
    """Plugin: items become labels around disabled boxes; a script enables them for those who may write."""
    parser.core.ruler.after("inline", "checklists", _mark)


def boxes(tokens: Sequence[Token]) -> tuple[Box, ...]:
    """The boxes of parsed Markdown, in the order in which a reader meets them."""
    return tuple(content.meta["box"] for content in tokens if "box" in content.meta)


def tick(source: str, box: Box, *, checked: bool) -> str:
    """``source`` with ``box`` ticked or not; everything else stays as it was written."""
    # Not splitlines(): the parser knows one kind of line end only.
    lines = source.split("\n")
    # Only marks of lists and quotes stand before a box, and none of them has a bracket.
    lines[box.line] = _BRACKETS.sub("[x]" if checked else "[ ]", lines[box.line], count=1)
    return "\n".join(lines)


def _mark(state: StateCore) -> None:
    for item, content in _first_lines(state.tokens):
        first = content.children[0] if content.children else None
        found = _MARK.match(content.content)
        if not (found and first and first.type == "text" and content.map):
            continue
        checked = found[1] != " "
        first.content = first.content[3:].lstrip()
        content.children = [_html(f'<label><input type="checkbox" disabled{" checked" * checked}> '),
                            *(content.children or []), _html("</label>")]  # fmt: skip
        content.meta = {**content.meta, "box": Box(content.map[0], checked)}
        item.attrSet("class", "task")


def _first_lines(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """The items of lists that begin with text, each with that text."""
    for item, paragraph, content in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type == "list_item_open" and paragraph.type == "paragraph_open":
            yield item, content


def _html(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)
