"""Who acts: an operator's act writes its author on every transition and call that it causes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from structlog.contextvars import bound_contextvars


@dataclass(frozen=True, slots=True)
class Act:
    """``by`` is "operator:NAME" or "command"; ``portal_id`` is whom it is about."""

    by: str
    portal_id: int


_current: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(by: str, portal_id: int) -> Iterator[None]:
    """Everything written in this context, log lines too, is the doing of ``by``."""
    token = _current.set(Act(by, portal_id))
    try:
        with bound_contextvars(by=by):
            yield
    finally:
        _current.reset(token)


def current() -> Act | None:
    """The act under way, if it is somebody's and not the application's own."""
    return _current.get()


def author() -> str:
    """Who acts; empty for the application itself."""
    act = current()
    return act.by if act else ""
