"""The backend that `DATABASES` names; Django finds it by the name of this module."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

# How often somebody waits for a connection of a pool that has some, as long as `OPTIONS` says each time.
_PATIENCE = 5


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, but who gets no connection has all idle ones tested, then asks again while there are any at all.

    The pool tests a connection as it hands it out and, when it is dead, waits a second, then two, then four, before
    it tries the next (psycopg_pool 3.3, ``AttemptWithBackoff``). After a restart of the server all are dead.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection out of the pool. Raises: PoolTimeout; late, if it is only busy."""
        for _ in range(_PATIENCE):
            try:
                return super().get_new_connection(conn_params)
            except PoolTimeout:
                self.pool.check()
                if not self.pool.get_stats().get("pool_size"):
                    break
        return super().get_new_connection(conn_params)
