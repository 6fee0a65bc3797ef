"""The notebook as a page: kept rendered for everybody of a chat, but for what is a viewer's or an answer's own.

Rendering takes longer than all else that an open does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.cache import caches
from django.core.cache.utils import make_template_fragment_key
from django.template.loader import render_to_string
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portals.frames import NONCE
from widget.cards.card import Shown
from widget.firstview import FirstView
from widget.notehtml import NoteHtml

# Seconds: "5 minutes ago" is worded when a page is rendered.
_KEPT: Final = 60
# Where the viewer's own part goes: in the head, so ahead of everything that anybody wrote.
_OWN: Final = mark_safe("<!-- own -->")


@dataclass(frozen=True, slots=True)
class Page:
    """A page in two halves, encoded as they are sent; the first one has all its nonces."""

    before: bytes
    after: bytes

    def around(self, own: str, nonce: str) -> bytes:
        """The whole page of one viewer."""
        return b"".join((self.before.replace(NONCE.encode(), nonce.encode()), own.encode(), self.after))


def of_chat(view: FirstView, cards: Sequence[Shown], *, can_write: bool, can_link: bool) -> Page:
    """The page but for the viewer's own part, in the language of the moment."""
    language = get_language()
    key = make_template_fragment_key(
        "notebook", [language, can_write, can_link, view.key, *(card.key for card in cards)]
    )
    kept = caches["template_fragments"]
    page: Page | None = kept.get(key)
    if page is None:
        html = NoteHtml(can_write=can_write, can_link=can_link)
        context = {
            "view": view,
            "notes": {"listed": html.listed(view.notes), "blank": html.blank},
            "cards": cards,
            "can_write": can_write,
            "can_link": can_link,
            "language": language,
            "nonce": NONCE,
            "own": _OWN,
        }
        before, _, after = render_to_string("widget/notebook.html", context).partition(_OWN)
        page = Page(before.encode(), after.encode())
        kept.set(key, page, _KEPT)
    return page


def own(viewer: int, frame_data: Mapping[str, object], nonce: str) -> SafeString:
    """What is one viewer's: the session, and which notes are by "you"."""
    you = '<style nonce="{}">[data-author="{}"] .note-you{{display:inline}}</style>'
    return format_html(you, nonce, viewer) + json_script(frame_data, "frame-data")
