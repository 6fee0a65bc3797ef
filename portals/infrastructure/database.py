"""The database as a service that may be away, and whose connections are few.

A pool hands each thread a connection when it asks something, tests it first (a database that restarted leaves dead
ones behind), and waits a moment for one if there is none (`sidebar_project.settings`).
"""

from typing import Final

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

# What Django raises when there is no database to talk to (or no longer), or no connection to it.
GONE: Final = (OperationalError, InterfaceError)
# Seconds after which asking again is worth it.
RETRY_AFTER: Final = 5


def give_back() -> None:
    """Give this thread's connection back to the pool, before it waits for somebody else.

    Within a transaction it stays: whoever waits there holds its locks as well.
    """
    if not connection.in_atomic_block:
        connection.close()
