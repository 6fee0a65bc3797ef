"""Markdown to HTML that is safe in our pages and no larger than `widget.notebook.bounds` allow."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from widget import invisible
from widget.notebook import bounds, checklists
from widget.notebook.checklists import Box, NoSuchBox

# Grows when the rules below change; `manage.py render_notes` renders anew what was stored under older ones.
RENDERER = 3
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "input", "label",
    "li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "input": {"type", "checked", "disabled"}}
_ALIGNED = {"align-left", "align-center", "align-right"}
_CLASSES = {"li": {"task"}, "td": _ALIGNED, "th": _ALIGNED}
_SCHEMES = {"http", "https", "mailto", "tel"}
_BLANK_LINES = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Sanitised HTML, the boxes in it in the order in which a reader meets them, and the words that are read."""

    html: str
    boxes: tuple[Box, ...]
    words: str

    @property
    def open_points(self) -> int:
        """How many boxes are not ticked."""
        return sum(not box.checked for box in self.boxes)


def render(text: str, base: str = "") -> Rendered:
    """``text`` as a reader sees it; links open in a new tab and pass nothing on.

    A link without a host leads to ``base``, an origin. What would grow beyond `bounds`, or show nothing of
    itself (a reference alone, quotes too deep), is plain text.
    """
    found = tokens(text)
    if found is not None:
        html = _sanitised(found, base)
        if len(html.encode()) <= bounds.HTML and html.count("<") <= bounds.TAGS:
            return Rendered(html, checklists.boxes(found), "\n".join(_words(found)))
    return Rendered(f'<p class="prose-plain">{escape(text, quote=False)}</p>', (), text)


def tokens(text: str) -> Sequence[Token] | None:
    """``text`` as it is read; None if it shows nothing of itself or would be too large."""
    found = _parser(links=_few_addresses(text), tables=_few_cells(text)).parse(text)
    # References repeat their address: what they would grow to is known before it is written.
    shows = invisible.shows("\n".join(_words(found)))
    return found if shows and _length(found) <= bounds.HTML else None


def tick(text: str, number: int, *, checked: bool) -> str:
    """``text`` with its box ``number`` (from 0) ticked or not.

    Raises: NoSuchBox.
    """
    return checklists.tick(text, box(text, number), checked=checked)


def box(text: str, number: int) -> Box:
    """Box ``number`` (from 0) of ``text``, as a reader counts. Raises: NoSuchBox."""
    boxes = render(text).boxes
    if not 0 <= number < len(boxes):
        raise NoSuchBox(number)
    return boxes[number]


def _few_addresses(text: str) -> bool:
    return text.count("//") <= bounds.ADDRESSES


def _few_cells(text: str) -> bool:
    """A table ends at a blank line, and has no more cells than lines times those of the widest line."""
    parts = (part.split("\n") for part in _BLANK_LINES.split(text))
    return sum(len(lines) * (1 + max(line.count("|") for line in lines)) for lines in parts) <= bounds.CELLS


def _length(tokens: Sequence[Token]) -> int:
    """Characters of the HTML that stand in no tag's name."""
    return sum(
        _length(token.children)
        if token.children
        else len(token.content) + sum(len(str(value)) for value in token.attrs.values())
        for token in tokens
    )


def _sanitised(tokens: Sequence[Token], base: str) -> str:
    parser = _parser()
    return nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        url_relative=("rewrite_with_base", base) if base else "pass_through",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    """What is read, a line or more for each block: no marks, no addresses behind words."""
    for token in tokens:
        if token.type == "inline":
            yield "".join("\n" if child.tag == "br" else child.content for child in token.children or ()
                          if child.type != "html_inline")  # fmt: skip
        elif token.type == "hr":
            yield token.markup
        elif token.content:
            yield token.content


@cache
def _parser(*, links: bool = True, tables: bool = True) -> MarkdownIt:
    # No raw HTML, no images (they would tell other sites who reads what); a plain URL becomes a link.
    options = {"html": False, "linkify": links, "breaks": True}
    parser = MarkdownIt("commonmark", options).enable(["strikethrough", "linkify"]).disable("image")
    if tables:
        parser.enable("table").core.ruler.push("aligned", _aligned)
    return parser.use(checklists.checklists)


def _aligned(state: StateCore) -> None:
    """A cell says by a class how it is aligned: our pages allow no styles but their own."""
    for token in state.tokens:
        if style := token.attrs.pop("style", None):
            token.attrs["class"] = str(style).replace("text-align:", "align-")
