"""Markdown to HTML that is safe in our pages."""

from functools import cache

import nh3
from markdown_it import MarkdownIt

# Grows when the rules below change: HTML that was stored under older rules is then rendered anew.
RENDERER = 1
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


def render(text: str) -> str:
    """Sanitised HTML of ``text``; links open in a new tab and pass nothing on."""
    return nh3.clean(
        _parser().render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


@cache
def _parser() -> MarkdownIt:
    # No raw HTML, no images (they would tell other sites who reads what); a plain URL becomes a link.
    options = {"html": False, "linkify": True, "breaks": True}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"]).disable("image")
