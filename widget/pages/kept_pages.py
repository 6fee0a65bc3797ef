"""The notebook as a page: kept rendered for everybody of a chat, but for what is a viewer's or an answer's own.

Rendering takes longer than all else that an open does. Of a chat its newest page is kept, and all pages of a
process together are no larger than `widget.notebook.bounds` allow.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Final

from cachetools import TTLCache
from django.template.loader import render_to_string
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portals.incoming.frames import NONCE
from widget.cards.card import ChatCard
from widget.notebook import bounds
from widget.pages.initial_notes import InitialNotes
from widget.pages.note_html import NoteHtml

# Seconds: "5 minutes ago" is worded when a page is rendered.
_KEPT: Final = 60
# Where the viewer's own part goes: in the head, so ahead of everything that anybody wrote.
_OWN: Final = mark_safe("<!-- own -->")


@dataclass(frozen=True, slots=True)
class Page:
    """A page in two halves, encoded as they are sent; the first one has all its nonces."""

    revision: int
    before: bytes
    after: bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.before) + len(self.after)

    def around(self, own: str, nonce: str) -> bytes:
        """The whole page of one viewer."""
        return b"".join((self.before.replace(NONCE.encode(), nonce.encode()), own.encode(), self.after))


_pages: TTLCache[tuple[object, ...], Page] = TTLCache(
    bounds.KEPT_PAGES, _KEPT, getsizeof=lambda page: page.size
)
_lock = Lock()


def of_chat(view: InitialNotes, cards: Sequence[ChatCard], *, can_write: bool, can_link: bool) -> Page:
    """The page but for the viewer's own part, in the language of the moment."""
    # Not by the revision: a page that is out of date makes room for the next one.
    key = (get_language(), can_write, can_link, view.key, *(card.key for card in cards))
    with _lock:
        page = _pages.get(key)
    if page is None or page.revision != view.revision:
        page = _rendered(view, cards, can_write=can_write, can_link=can_link)
        with _lock, suppress(ValueError):  # larger than all that may be kept
            _pages[key] = page
    return page


def kept() -> int:
    """How many bytes this process keeps."""
    with _lock:
        return int(_pages.currsize)


def forget() -> None:
    """Keep nothing."""
    with _lock:
        _pages.clear()


def _rendered(view: InitialNotes, cards: Sequence[ChatCard], *, can_write: bool, can_link: bool) -> Page:
    html = NoteHtml(can_write=can_write, can_link=can_link)
    context = {
        "view": view,
        "notes": {"listed": html.listed(view.notes), "blank": html.blank},
        "cards": cards,
        "can_write": can_write,
        "can_link": can_link,
        "nonce": NONCE,
        "own": _OWN,
    }
    before, _, after = render_to_string("widget/notebook.html", context).partition(_OWN)
    return Page(view.revision, before.encode(), after.encode())


def own(viewer: int, frame_data: Mapping[str, object], nonce: str) -> SafeString:
    """What is one viewer's: the session, and which notes are by "you"."""
    you = '<style nonce="{}">[data-author="{}"] .note-you{{display:inline}}</style>'
    return format_html(you, nonce, viewer) + json_script(frame_data, "frame-data")
