"""What a note said before, and what each change did to it."""

from collections import Counter
from collections.abc import Collection, Sequence
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


def keep(note: Note, text: str, writer: int, *, by_tick: bool) -> None:
    """Record what ``note`` says before ``writer`` makes ``text`` of it; of very many versions some go.

    Nothing is folded into a tick: ticks are forgotten first.
    """
    current = _current(note)
    fields = {name: getattr(current, name) for name in _FIELDS} | {
        "folded": not by_tick
        and not current.by_tick
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
    earlier = note.revisions.filter(version__lt=note.version)
    for each in [_current(note), *(Version(**values) for values in earlier.values(*_FIELDS))]:
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
    found = note.revisions.values(*_FIELDS).filter(version=number).first()
    if found is None:
        raise NoSuchVersion(number)
    return Version(**found)


def _surplus(note: Note) -> Collection[int]:
    """Versions to forget: the oldest ticks and folded ones, and of the others first what somebody replaced within
    minutes where they did so most often, then the oldest of whoever wrote most.

    So nobody pushes out what others wrote, however often they write, and everybody's last words stay.
    """
    kept = [Version(**values) for values in note.revisions.values(*_FIELDS)]
    surplus = [each.version for each in kept if each.by_tick][KEPT_VERSIONS:]
    surplus += [each.version for each in kept if each.folded and not each.by_tick][KEPT_VERSIONS:]
    groups: list[list[Version]] = []  # what one person wrote within minutes, newest first
    for each in kept:
        if each.by_tick or each.folded:
            continue
        if groups and _folds(each, groups[-1][-1]):
            groups[-1].append(each)
        else:
            groups.append([each])
    for _ in range(sum(map(len, groups)) - KEPT_VERSIONS):
        largest = max(groups, key=len)
        if len(largest) == 1:
            most, number = Counter(each.editor_id for [each] in groups).most_common(1)[0]
            if number == 1:
                break
            largest = next(group for group in reversed(groups) if group[0].editor_id == most)
            groups.remove(largest)
        surplus.append(largest.pop().version)
    return set(surplus) - _needed(kept)


def _needed(kept: Sequence[Version]) -> set[int]:
    """Everybody's last text, and what ticks were made in, which belong to it; ``kept`` is newest first."""
    needed = set()
    writers = set()
    ticked = False
    for each in kept:
        if not each.by_tick and (ticked or each.editor_id not in writers):
            needed.add(each.version)
            writers.add(each.editor_id)
        ticked = each.by_tick
    return needed


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
