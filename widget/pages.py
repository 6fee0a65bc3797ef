"""The notebook as a page: what everybody of a chat sees alike is kept rendered, what is one viewer's stands in its head.

Rendering takes longer than all else that an open does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.cache import caches
from django.core.cache.utils import make_template_fragment_key
from django.http import HttpRequest
from django.template.loader import get_template, render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from widget.cards.card import Shown
from widget.firstview import FirstView

# Seconds: "5 minutes ago" is worded when a page is rendered.
_KEPT: Final = 60
# Where the viewer's own part goes: in the head, so ahead of everything that anybody wrote.
_OWN: Final = mark_safe("<!-- own -->")


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page in two halves."""

    before: str
    after: str

    def around(self, own: str) -> str:
        """The whole page of one viewer."""
        return f"{self.before}{own}{self.after}"


def of_chat(view: FirstView, cards: Sequence[Shown], *, can_write: bool) -> Page:
    """The page but for the viewer's own part, in the language of the moment."""
    language = get_language()
    key = make_template_fragment_key(
        "notebook", [language, can_write, view.key, *(card.key for card in cards)]
    )
    kept = caches["template_fragments"]
    page: Page | None = kept.get(key)
    if page is None:
        context = {"view": view, "cards": cards, "can_write": can_write, "language": language, "own": _OWN}
        before, _, after = render_to_string("widget/notebook.html", context).partition(_OWN)
        page = Page(before, after)
        kept.set(key, page, _KEPT)
    return page


def own(request: HttpRequest, frame_data: Mapping[str, object]) -> SafeString:
    """What is one viewer's and one answer's: the nonce, the session, who "you" are."""
    return get_template("widget/own.html").render({"nonce": request.csp_nonce, "frame_data": frame_data})
