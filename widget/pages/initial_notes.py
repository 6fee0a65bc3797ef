"""What a notebook shows when it opens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from django.urls import reverse

from portals.bitrix24.payloads import OpenRequest
from widget.access import Access
from widget.models import Note
from widget.notebook import notes
from widget.notebook.notes import Query


@dataclass
class InitialNotes:
    """The notes a page comes with, read when they are first asked for: the page may have them rendered already.

    ``revision`` is that of the chat before they were read. ``by_link``: somebody followed a link to a note;
    ``linked``: the note, if it is still there; then ``search`` is what the finder was asked for.
    """

    chat: int
    revision: int
    by_link: bool = False
    linked: int | None = None

    @classmethod
    def of(cls, opened: OpenRequest, granted: Access, *, by_link: bool) -> Self:
        """What an open asks to see."""
        chat = granted.rights.chat
        revision = notes.revision(chat) if granted.revision is None else granted.revision
        number = opened.options.get("note") if by_link else None
        named = int(number) if isinstance(number, str) and re.fullmatch(r"[0-9]{1,18}", number) else None
        linked = named if named is not None and notes.has(chat, named) else None
        return cls(chat, revision, by_link, linked)

    @property
    def key(self) -> str:
        """The same for all who ask for the same."""
        return f"{self.chat} {self.by_link} {self.linked}"

    @property
    def search(self) -> str:
        return f"#{self.linked}" if self.linked else ""

    @property
    def notes(self) -> Sequence[Note]:
        return self._page[0]

    @property
    def next(self) -> str | None:
        """The address of the next page."""
        found, has_more = self._page
        if not has_more:
            return None
        asked = {"q": self.search} if self.linked else {}
        return f"{reverse('note-list')}?{urlencode({**asked, 'before': found[-1].pk})}"

    @cached_property
    def _page(self) -> tuple[Sequence[Note], bool]:
        return notes.page(self.chat, query=Query((self.search,)) if self.linked else None)
