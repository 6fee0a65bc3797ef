"""The backend itself; Django finds it by this module's name."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.utils import InterfaceError, OperationalError

from portals.absence import Absence

# What Django raises when there is no database to talk to (or no longer).
GONE = (OperationalError, InterfaceError)

DATABASE = Absence(
    "database",
    (psycopg.OperationalError,),
    lambda: psycopg.OperationalError("The database is away, as somebody in this process found a moment ago."),
)


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, but while the database is away only one thread of a process waits for it."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises: psycopg.OperationalError."""
        with DATABASE.attempt():
            if DATABASE.known:
                # The pool would wait for its whole timeout; a look of its own is refused at once.
                psycopg.connect(**conn_params).close()
            return super().get_new_connection(conn_params)

    def _close(self) -> None:
        broken = self.connection is not None and self.connection.closed
        super()._close()  # type: ignore[misc] # the stubs lack it
        if broken and self.pool:
            # After a restart of the database all idle connections are dead; the next request shall not find out.
            self.pool.check()
