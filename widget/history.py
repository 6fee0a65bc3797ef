"""What a note said before, and what each change did to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from widget.difference import Piece, difference
from widget.models import Note, NoteRevision

KEPT_VERSIONS = 100


class NoSuchVersion(Exception):
    """The note has no such version, or it is too old to be kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a note: who wrote it when, and, when asked for, what it changed."""

    version: int
    editor_id: int
    editor_name: str
    written_at: datetime
    text: str
    changes: tuple[Piece, ...] = ()


def keep(note: Note) -> None:
    """Record what ``note`` says before it is changed; of many versions the oldest go."""
    current = _current(note)
    NoteRevision.objects.create(
        note=note,
        version=current.version,
        text=current.text,
        editor_id=current.editor_id,
        editor_name=current.editor_name,
        written_at=current.written_at,
    )
    NoteRevision.objects.filter(note=note, version__lte=note.version - KEPT_VERSIONS).delete()


def versions(note: Note) -> Sequence[Version]:
    """All versions that are kept, newest first."""
    return [_current(note), *(_past(revision) for revision in note.revisions.all())]


def version(note: Note, number: int) -> Version:
    """One version, with what it changed of the one before. Raises: NoSuchVersion."""
    wanted = [number, number - 1]
    found = {item.version: _past(item) for item in note.revisions.filter(version__in=wanted)}
    found[note.version] = _current(note)
    if number not in found:
        raise NoSuchVersion(number)
    this, before = found[number], found.get(number - 1)
    pieces = difference(before.text if before else "", this.text)
    return Version(this.version, this.editor_id, this.editor_name, this.written_at, this.text, changes=pieces)


def _current(note: Note) -> Version:
    by_author = note.editor_id is None
    return Version(
        version=note.version,
        editor_id=note.author_id if note.editor_id is None else note.editor_id,
        editor_name=note.author_name if by_author else note.editor_name,
        written_at=note.created_at if note.version == 1 else note.updated_at,
        text=note.text,
    )


def _past(revision: NoteRevision) -> Version:
    return Version(
        revision.version, revision.editor_id, revision.editor_name, revision.written_at, revision.text
    )
