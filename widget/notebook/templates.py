"""A chat's own templates: what its members may begin a note with."""

from collections.abc import Sequence

from django.db import transaction

from widget.access.sessions import WidgetSession
from widget.models import Chat, NoteTemplate
from widget.notebook import notes

# Characters of a title, and templates of a chat.
TITLE = 80
MOST = 20


class NoSuchTemplate(Exception):
    """The chat has no such template."""


class TooMany(Exception):
    """A choice of more is none."""


def of_chat(session: WidgetSession) -> Sequence[NoteTemplate]:
    """All of them, by title. Raises: ReadOnly."""
    notes.require_write(session)
    return list(NoteTemplate.objects.filter(chat=session.chat).order_by("title"))


def keep(session: WidgetSession, title: str, text: str) -> NoteTemplate:
    """A new template, or another text for the one of this title. Raises: ReadOnly, TooMany, Chat.DoesNotExist."""
    notes.require_write(session)
    with transaction.atomic():
        # One change at a time in a chat: so there are never more, nor two of a title.
        chat = Chat.objects.select_for_update(no_key=True).only("pk").get(pk=session.chat)
        others = NoteTemplate.objects.filter(chat=chat).exclude(title=title)
        if others.count() >= MOST:
            raise TooMany
        said = {"text": text, "author_id": session.viewer, "author_name": session.viewer_name}
        template, _ = NoteTemplate.objects.update_or_create(said, chat=chat, title=title)
    return template


def delete(session: WidgetSession, template_id: int) -> None:
    """Raises: ReadOnly, NoSuchTemplate."""
    notes.require_write(session)
    deleted, _ = NoteTemplate.objects.filter(chat=session.chat, pk=template_id).delete()
    if not deleted:
        raise NoSuchTemplate(template_id)
