"""Markdown to HTML that is safe in our pages."""

from dataclasses import dataclass
from functools import cache

import nh3
from markdown_it import MarkdownIt

from widget import checklists
from widget.checklists import Box, NoSuchBox

# Grows when the rules below change: HTML that was stored under older rules is then rendered anew.
RENDERER = 2
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "input", "label",
    "li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "input": {"type", "checked", "disabled"}}
_CLASSES = {"li": {"task"}}
# Looking at what may be an address takes a millisecond: a text of thousands would take the processor for seconds.
_MOST_ADDRESSES = 200
_SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """Sanitised HTML and the boxes in it, in the order in which a reader meets them."""

    html: str
    boxes: tuple[Box, ...]

    @property
    def open_points(self) -> int:
        """How many boxes are not ticked."""
        return sum(not box.checked for box in self.boxes)


def render(text: str) -> Rendered:
    """``text`` as a reader sees it; links open in a new tab and pass nothing on."""
    parser = _parser()
    tokens = _parser(links=text.count("//") <= _MOST_ADDRESSES).parse(text)
    html = nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return Rendered(html, checklists.boxes(tokens))


def tick(text: str, number: int, *, checked: bool) -> str:
    """``text`` with its box ``number`` (from 0) ticked or not.

    Raises: NoSuchBox.
    """
    boxes = checklists.boxes(_parser().parse(text))
    if not 0 <= number < len(boxes):
        raise NoSuchBox(number)
    return checklists.tick(text, boxes[number], checked=checked)


@cache
def _parser(*, links: bool = True) -> MarkdownIt:
    # No raw HTML, no images (they would tell other sites who reads what); a plain URL becomes a link.
    options = {"html": False, "linkify": links, "breaks": True}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"]).disable("image")
    return parser.use(checklists.checklists)
