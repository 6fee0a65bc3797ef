"""A chat's own templates: what its members may begin a note with."""

from collections.abc import Iterator, Sequence
from itertools import count

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
    """A new template; of a title that is taken, under the next number, so that nobody's is written over.

    Raises: ReadOnly, TooMany, Chat.DoesNotExist.
    """
    notes.require_write(session)
    with transaction.atomic():
        # One change at a time in a chat: so there are never more, nor two of a title.
        chat = Chat.objects.select_for_update(no_key=True).only("pk").get(pk=session.chat)
        known = dict(NoteTemplate.objects.filter(chat=chat).values_list("title", "text"))
        free = next(each for each in _titles(title) if known.get(each) in (None, text))
        if free in known:
            return NoteTemplate.objects.get(chat=chat, title=free)
        if len(known) >= MOST:
            raise TooMany
        return NoteTemplate.objects.create(
            chat=chat, title=free, text=text, author_id=session.viewer, author_name=session.viewer_name
        )


def _titles(title: str) -> Iterator[str]:
    yield title
    for number in count(2):
        end = f" ({number})"
        yield title[: TITLE - len(end)] + end


def delete(session: WidgetSession, template_id: int) -> None:
    """Raises: ReadOnly, NoSuchTemplate."""
    notes.require_write(session)
    deleted, _ = NoteTemplate.objects.filter(chat=session.chat, pk=template_id).delete()
    if not deleted:
        raise NoSuchTemplate(template_id)
