"""What a note said before, and what each change did to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from widget.models import Note, NoteRevision
from widget.notebook.difference import Piece, difference

# Of each kind: versions that people wrote, and versions that differ in a tick from the one before.
KEPT_VERSIONS = 100
# Ticks of one person that follow each other within this time are shown as one version.
FOLDED = timedelta(minutes=10)
_FIELDS = ("version", "editor_id", "editor_name", "written_at", "by_tick")


class NoSuchVersion(Exception):
    """The note has no such version, or it is too old to be kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a note: who wrote it when, and, when asked for, what it says and what that changed."""

    version: int
    editor_id: int
    editor_name: str
    written_at: datetime
    by_tick: bool
    text: str = ""
    changes: tuple[Piece, ...] = ()


def keep(note: Note) -> None:
    """Record what ``note`` says before it is changed; of very many versions some go."""
    current = _current(note)
    fields = {name: getattr(current, name) for name in _FIELDS}
    NoteRevision.objects.create(note=note, text=note.text, **fields)
    note.revisions.filter(version__in=_surplus(note)).delete()


def versions(note: Note) -> Sequence[Version]:
    """All versions that are kept, newest first, without their texts; ticks of one person are folded."""
    listed = [_current(note)]
    for values in note.revisions.values(*_FIELDS):
        earlier = Version(**values)
        if not _folds(earlier, listed[-1]):
            listed.append(earlier)
    return listed


def version(note: Note, number: int) -> Version:
    """One version, with what it changed of the one listed before. Raises: NoSuchVersion."""
    listed = versions(note)
    this = next((each for each in listed if each.version == number), None)
    text = text_of(note, number)
    if this is None or text is None:
        raise NoSuchVersion(number)
    before = next((each.version for each in listed if each.version < number), 0)
    pieces = difference(text_of(note, before) or "", text)
    return replace(this, text=text, changes=pieces)


def text_of(note: Note, number: int) -> str | None:
    """What version ``number`` says, None if it is not kept."""
    if number == note.version:
        return note.text
    return note.revisions.filter(version=number).values_list("text", flat=True).first()


def _surplus(note: Note) -> Sequence[int]:
    """Versions to forget: the oldest ticks, and the oldest of whoever wrote most.

    So nobody pushes out what others wrote, however often they write, and everybody's last version stays.
    """
    kept = list(note.revisions.values_list("version", "by_tick", "editor_id"))
    surplus = [version for version, by_tick, _ in kept if by_tick][KEPT_VERSIONS:]
    written = [(version, editor) for version, by_tick, editor in kept if not by_tick]
    while len(written) > KEPT_VERSIONS:
        most, number = Counter(editor for _, editor in written).most_common(1)[0]
        if number == 1:
            break
        oldest = min(row for row in written if row[1] == most)
        written.remove(oldest)
        surplus.append(oldest[0])
    return surplus


def _folds(earlier: Version, later: Version) -> bool:
    """Whether a tick is part of the ticks that the same person went on with."""
    same = earlier.by_tick and later.by_tick and earlier.editor_id == later.editor_id
    return same and later.written_at - earlier.written_at <= FOLDED


def _current(note: Note) -> Version:
    by_author = note.editor_id is None
    return Version(
        version=note.version,
        editor_id=note.author_id if note.editor_id is None else note.editor_id,
        editor_name=note.author_name if by_author else note.editor_name,
        written_at=note.created_at if note.version == 1 else note.updated_at,
        by_tick=note.by_tick,
    )
