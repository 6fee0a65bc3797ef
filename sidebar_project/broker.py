"""Celery's way to Redis, mended where losing the broker would end a worker (docs/adr/0052-broker-transport.md)."""

from typing import Any

import redis
from kombu.transport import redis as kombu_redis


class Channel(kombu_redis.Channel):
    """kombu's, but one whose connection was given up says so by an error that its callers expect."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - kombu's signature
        """Raises: redis.ConnectionError, where kombu 5.7 falls over a missing address and takes the worker along.

        It is asked when a task that outlived its connection is acknowledged, or its message to be given back.
        """
        if self.connection is None or self.connection.client is None:
            raise redis.ConnectionError("The connection that this message came by is gone.")
        parameters: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc] # private
        return parameters


class Transport(kombu_redis.Transport):
    """kombu's, with that channel."""

    Channel = Channel
