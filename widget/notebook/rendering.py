"""What is stored of a note beside its text: all that is made from it."""

from typing import TypedDict

from portals.models import Portal
from widget.models import Note
from widget.notebook.folding import fold
from widget.notebook.markdown import RENDERER, Rendered, render


class Made(TypedDict):
    """Fields of a `Note`."""

    html: str
    renderer: int
    open_points: int
    folded: str


def made(text: str, author_name: str, portal: int) -> Made:
    """What ``text`` is stored with, its links to nowhere leading to the ``portal``."""
    return _of(render(text, _origin(portal)), author_name)


def preview(text: str, portal: int) -> str:
    """The HTML of ``text``, were it a note at ``portal``."""
    return render(text, _origin(portal)).html


def renew() -> int:
    """Render anew what was stored under older rules; returns how many notes.

    A note that is edited meanwhile is left: what was rendered is of the text that was read.
    """
    outdated = Note.objects.filter(renderer__lt=RENDERER).select_related("chat")
    origins: dict[int, str] = {}
    renewed = 0
    for note in outdated.iterator(chunk_size=100):
        portal = note.chat.portal_id
        if portal not in origins:
            origins[portal] = _origin(portal)
        fields = _of(render(note.text, origins[portal]), note.author_name)
        renewed += Note.objects.filter(pk=note.pk, text=note.text).update(**fields)
    return renewed


def _of(rendered: Rendered, author_name: str) -> Made:
    return {
        "html": rendered.html,
        "renderer": RENDERER,
        "open_points": rendered.open_points,
        "folded": fold(f"{author_name}\n{rendered.words}"),
    }


def _origin(portal: int) -> str:
    return Portal.objects.only("client_endpoint").get(pk=portal).origin
