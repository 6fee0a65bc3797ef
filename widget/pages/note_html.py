"""Notes as HTML. A template says what a note looks like; it is rendered once for a page, not once for each note."""

from collections.abc import Iterable
from typing import Final

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from rest_framework.serializers import DateTimeField

from widget.models import Note
from widget.pages.relative_times import age

# Moments as the API writes them: scripts compare the two.
_moment: Final = DateTimeField().to_representation
# The places of templates/widget/note.html, and what stands there in the blank.
_BLANK: Final = {
    "identity": "",
    "pinned": "",
    "tone": "",
    "initial": "?",
    "author": "",
    "moment": "",
    "age": "",
    "unedited": mark_safe(" hidden"),
    "editor": "",
    "is_pinned": "false",
    "html": "",
    "text": "",
}


class NoteHtml:
    """Writes notes in the language of the moment, for those who may write or for those who only read.

    ``can_link``: links to a note lead somewhere at this portal.
    """

    def __init__(self, *, can_write: bool, can_link: bool) -> None:
        places = {name: mark_safe(f"{{{name}}}") for name in _BLANK}  # noqa: S308 - our own names
        context = {"note": places, "can_write": can_write, "can_link": can_link}
        self._shape = render_to_string("widget/note.html", context)

    def listed(self, notes: Iterable[Note]) -> SafeString:
        """One after the other; everything but their sanitised HTML is escaped."""
        return mark_safe("".join(format_html(self._shape, **_values(note)) for note in notes))  # noqa: S308

    def blank(self) -> SafeString:
        """What scripts make new notes from."""
        return format_html(self._shape, **_BLANK)


def _values(note: Note) -> dict[str, object]:
    identity = ' id="note-{0}" data-author="{1}" data-note="{0}" data-version="{2}"'
    return {
        "identity": format_html(identity, note.pk, note.author_id, note.version),
        "pinned": _moment(note.pinned_at) if note.pinned_at else "",
        "tone": f" tone-{note.author_id % 10}",
        "initial": note.author_name[:1] or "?",
        "author": note.author_name,
        "moment": format_html(' datetime="{}"', _moment(note.created_at)),
        "age": age(note.created_at),
        "unedited": mark_safe(" hidden") if note.version == 1 else "",
        "editor": note.editor_name,
        "is_pinned": "true" if note.pinned_at else "false",
        "html": mark_safe(note.html),  # noqa: S308 - by widget.notebook.markdown alone
        "text": note.text,
    }
