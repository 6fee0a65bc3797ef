"""The database as a service that may be away, and whose connections are few.

A pool hands each thread a connection when it asks something, tests it first (a database that restarted leaves dead
ones behind), and waits a moment for one if there is none (`sidebar_project.settings`).
"""

from collections.abc import Callable
from typing import Any, Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import InterfaceError, InternalError, OperationalError
from django.dispatch import receiver

# What Django raises when there is no database to talk to (or no longer), or no connection to it.
GONE: Final = (OperationalError, InterfaceError)
# Seconds after which asking again is worth it.
RETRY_AFTER: Final = 5
# SQLSTATE ``read_only_sql_transaction``. Source: PostgreSQL documentation, appendix A, "PostgreSQL Error Codes".
_READ_ONLY: Final = "25006"


class ReadOnly(OperationalError):
    """The server answers and takes no writes: behind a proxy, a failover has left it there. As good as away."""


def give_back() -> None:
    """Give this thread's connection back to the pool, before it waits for somebody else.

    Within a transaction it stays: whoever waits there holds its locks as well.
    """
    if not connection.in_atomic_block:
        connection.close()


def drop() -> None:
    """End this thread's connection for good: the next one may lead to another server."""
    if connection.connection is not None:
        connection.connection.close()
    give_back()


@receiver(connection_created)
def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    # First, so outermost: it sees what all others let through, and nobody else's `execute_wrapper` removes it.
    if _recognise not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _recognise)


def _recognise(execute: Callable[..., Any], *call: Any) -> Any:
    """An `execute_wrapper`. Raises: ReadOnly for what Django calls an InternalError.

    The pool's test would find such a connection well, and hand it out again.
    """
    try:
        return execute(*call)
    except InternalError as error:
        if getattr(error.__cause__, "sqlstate", None) != _READ_ONLY:
            raise
        drop()
        raise ReadOnly(*error.args) from error
