"""Message text as the messenger shows it: the few BB codes people and applications use, safely."""

import re

from markupsafe import Markup, escape

_PAIRS = {"b": "strong", "i": "em", "u": "u", "s": "s"}
_PAIR = re.compile(r"\[(b|i|u|s)\](.*?)\[/\1\]", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"\[url=(https?://[^\]\s]+)\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)
_BARE_LINK = re.compile(r"""(?<![="'>\w])https?://[^\s<\[\]]+""")
_PERSON = re.compile(r"\[user=\d+(?: replace)?\](.*?)\[/user\]", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"\[br\]", re.IGNORECASE)
_ANY = re.compile(r"\[/?(?:b|i|u|s|url|user)(?:=[^\]]*)?\]", re.IGNORECASE)


def to_html(text: str) -> Markup:
    """HTML of one message. Everything is escaped first, so that only our own tags survive."""
    html = str(escape(text))
    html = _PAIR.sub(lambda found: _wrap(_PAIRS[found[1].lower()], found[2]), html)
    html = _LINK.sub(lambda found: _anchor(found[1], found[2]), html)
    html = _BARE_LINK.sub(lambda found: _anchor(found[0], found[0]), html)
    html = _PERSON.sub(lambda found: _wrap("strong", found[1]), html)
    return Markup(_BREAK.sub("\n", html))  # noqa: S704 - escaped above


def to_plain(text: str) -> str:
    """One line without codes, for the chat list."""
    return " ".join(_ANY.sub("", _BREAK.sub(" ", text)).split())


def _wrap(tag: str, inner: str) -> str:
    return f"<{tag}>{inner}</{tag}>"


def _anchor(url: str, inner: str) -> str:
    return f'<a href="{url}" target="_blank" rel="noopener noreferrer">{inner}</a>'
