"""A portal's history in one line: changes of its status, events it sent, calls we made; newest first, by pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, Final, Self

from django.db.models import Q, QuerySet

from portals.models import Portal

PAGE: Final = 50
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a portal and the name of the time they are ordered by. An index serves (portal, time)."""

    related: str
    time: str
    only: Mapping[str, str] = field(default_factory=dict)

    def rows(self, portal: Portal) -> "QuerySet[Any]":
        """All its rows of the portal."""
        rows: QuerySet[Any] = getattr(portal, self.related).filter(**self.only)
        return rows.order_by(f"-{self.time}", "-pk")


# In the order in which rows of one moment are shown.
SOURCES: Final[Mapping[str, Source]] = {
    "transition": Source("transitions", "created_at"),
    "event": Source("events", "received_at"),
    "call": Source("api_calls", "created_at"),
}
_ERRORS: Final = Source("api_calls", "created_at", {"error_code__gt": ""})
VIEWS: Final[Mapping[str, Mapping[str, Source]]] = {
    "all": SOURCES,
    "transitions": {"transition": SOURCES["transition"]},
    "events": {"event": SOURCES["event"]},
    "calls": {"call": SOURCES["call"]},
    "errors": {"call": _ERRORS},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row; ``kind`` is a key of `SOURCES`."""

    kind: str
    at: datetime
    row: Any

    @property
    def order(self) -> tuple[datetime, int, int]:
        """Entries are shown from the greatest to the least."""
        return self.at, -list(SOURCES).index(self.kind), self.row.pk


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last entry of a page: the next page is what comes after it."""

    at: datetime
    kind: str
    pk: int

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(entry.at, entry.kind, entry.row.pk)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `__str__` wrote; None for anything else."""
        microseconds, _, rest = text.partition("-")
        kind, _, pk = rest.partition("-")
        if kind not in SOURCES or not (microseconds.isdecimal() and pk.isdecimal()):
            return None
        try:
            return cls(_EPOCH + timedelta(microseconds=int(microseconds)), kind, int(pk))
        except (OverflowError, ValueError):
            return None

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.kind}-{self.pk}"

    def after(self, kind: str, time: str) -> Q:
        """What of a kind comes after this."""
        kinds = list(SOURCES)
        earlier = Q(**{f"{time}__lt": self.at})
        if kind == self.kind:
            return earlier | Q(**{time: self.at, "pk__lt": self.pk})
        return earlier | Q(**{time: self.at}) if kinds.index(kind) > kinds.index(self.kind) else earlier


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries; ``next`` leads on, None at the end."""

    entries: list[Entry]
    next: Cursor | None


def page(portal: Portal, view: str = "all", after: Cursor | None = None, size: int = PAGE) -> Page:
    """``size`` entries of a portal, a query for each source of the view (a key of `VIEWS`)."""
    sources = [_entries(portal, kind, source, after, size + 1) for kind, source in VIEWS[view].items()]
    merged = merge(*sources, key=lambda entry: entry.order, reverse=True)
    entries = list(islice(merged, size + 1))
    more = len(entries) > size
    entries = entries[:size]
    return Page(entries, Cursor.of(entries[-1]) if more else None)


def _entries(portal: Portal, kind: str, source: Source, after: Cursor | None, limit: int) -> Iterator[Entry]:
    rows = source.rows(portal)
    if after is not None:
        # Implied by what follows, and a range that the index understands.
        rows = rows.filter(**{f"{source.time}__lte": after.at}).filter(after.after(kind, source.time))
    return (Entry(kind, getattr(row, source.time), row) for row in rows[:limit])
