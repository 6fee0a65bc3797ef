"""What a note said before, and what each change did to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from widget.models import Note, NoteRevision
from widget.notebook import merging
from widget.notebook.comparison import Part, compare
from widget.notebook.difference import Piece, difference

# Of each kind: versions that people wrote, those that were folded into a later one, and those that differ in a tick
# from the one before.
KEPT_VERSIONS = 100
# What one person wrote within this time is shown as one version.
FOLDED = timedelta(minutes=10)
_FIELDS = ("version", "editor_id", "editor_name", "written_at", "by_tick", "folded")


class NoSuchVersion(Exception):
    """The note has no such version, or it is too old to be kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a note: who wrote it when, and, when asked for, what it says and what that changed.

    ``steps`` are the numbers of the versions it is made of, newest first; ``parts`` what readers see of ``changes``
    if that is little enough to be shown.
    """

    version: int
    editor_id: int
    editor_name: str
    written_at: datetime
    by_tick: bool
    folded: bool = False
    steps: tuple[int, ...] = ()
    text: str = ""
    changes: tuple[Piece, ...] = ()
    parts: Sequence[Part] | None = None


def keep(note: Note, text: str, writer: int) -> None:
    """Record what ``note`` says before ``writer`` makes ``text`` of it; of very many versions some go."""
    current = _current(note)
    fields = {name: getattr(current, name) for name in _FIELDS} | {
        "folded": not current.by_tick
        and current.editor_id == writer
        and timezone.now() - current.written_at <= FOLDED
        and not merging.drops_words(note.text, text)
    }
    NoteRevision.objects.create(note=note, text=note.text, request=note.request, **fields)
    note.revisions.filter(version__in=_surplus(note)).delete()


def versions(note: Note) -> Sequence[Version]:
    """The versions that people wrote and that are kept, newest first, without their texts.

    What one person wrote within a few minutes is one version. Ticks belong to what they were made in.
    """
    listed: list[Version] = []
    ticked: Version | None = None
    for each in [_current(note), *(Version(**values) for values in note.revisions.values(*_FIELDS))]:
        if each.by_tick:
            ticked = ticked or each
            continue
        number = ticked.version if ticked else each.version
        ticked = None
        if listed and _folds(each, listed[-1]):
            listed[-1] = replace(listed[-1], steps=(*listed[-1].steps, number))
        else:
            listed.append(replace(each, version=number, steps=(number,)))
    if ticked:  # what they were made in is no longer kept
        listed.append(replace(ticked, steps=(ticked.version,)))
    return listed


def version(note: Note, number: int) -> Version:
    """One version, with what it changed of the one listed before, or of the step before. Raises: NoSuchVersion."""
    text = text_of(note, number)
    if text is None:
        raise NoSuchVersion(number)
    listed = versions(note)
    this = next((each for each in listed if each.version == number), None)
    if this is None:
        this = _kept(note, number)
        earlier = [step for each in listed for step in each.steps if step < number]
    else:
        earlier = [each.version for each in listed if each.version < number]
    before = text_of(note, max(earlier, default=0)) or ""
    return replace(this, text=text, changes=difference(before, text), parts=compare(before, text))


def text_of(note: Note, number: int) -> str | None:
    """What version ``number`` says, None if it is not kept."""
    if number == note.version:
        return note.text
    return note.revisions.filter(version=number).values_list("text", flat=True).first()


def was_made_by(note: Note, request: str) -> bool:
    """Whether an edit has been made already: it, or one that came after it, is what the note says."""
    return note.request == request or note.revisions.filter(request=request).exists()


def _kept(note: Note, number: int) -> Version:
    if number == note.version:
        return _current(note)
    return Version(**note.revisions.values(*_FIELDS).get(version=number))


def _surplus(note: Note) -> Sequence[int]:
    """Versions to forget: the oldest ticks and folded ones, and the oldest of whoever wrote most.

    So nobody pushes out what others wrote, however often they write, and everybody's last version stays.
    """
    kept = list(note.revisions.values_list("version", "by_tick", "folded", "editor_id"))
    surplus = [version for version, by_tick, _, _ in kept if by_tick][KEPT_VERSIONS:]
    surplus += [version for version, by_tick, folded, _ in kept if folded and not by_tick][KEPT_VERSIONS:]
    written = [(version, editor) for version, by_tick, folded, editor in kept if not by_tick and not folded]
    while len(written) > KEPT_VERSIONS:
        most, number = Counter(editor for _, editor in written).most_common(1)[0]
        if number == 1:
            break
        oldest = min(row for row in written if row[1] == most)
        written.remove(oldest)
        surplus.append(oldest[0])
    return surplus


def _folds(earlier: Version, later: Version) -> bool:
    """Whether somebody went on within minutes with what they had written."""
    return earlier.editor_id == later.editor_id and later.written_at - earlier.written_at <= FOLDED


def _current(note: Note) -> Version:
    by_author = note.editor_id is None
    return Version(
        version=note.version,
        editor_id=note.author_id if note.editor_id is None else note.editor_id,
        editor_name=note.author_name if by_author else note.editor_name,
        written_at=note.created_at if note.version == 1 else note.updated_at,
        by_tick=note.by_tick,
    )
