"""State that all processes share and may lose: Redis.

It is a help and never a need: while it is away each process serves on with what it remembers by itself.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted
from redis.backoff import NoBackoff
from redis.retry import Retry

from portals.infrastructure.absence import Absence

T = TypeVar("T")

# Answers and proofs of a busy quarter of an hour; about a kilobyte each.
_REMEMBERED = 5_000


@lru_cache(maxsize=8)
def absence(url: str) -> Absence:
    """What this process knows of one server; cache and broker may be two."""
    return Absence(
        "redis",
        (redis.ConnectionError, redis.TimeoutError),
        lambda: redis.ConnectionError("Redis is away, as somebody in this process found a moment ago."),
    )


def remember(key: str, value: object, seconds: float) -> None:
    """What another process wrote to the cache: let this one know it too, in case Redis goes."""
    _memory().set(key, value, seconds)


def recall(key: str) -> object:
    """What this process remembers under a key, None if nothing: a Redis that came back may have come back empty."""
    return _memory().get(key)


def forget(key: str) -> None:
    """What this process remembers under a key."""
    _memory().delete(key)


def redis_client() -> "redis.Redis":
    """The client of this process. Calls are short or fail: nothing here is worth waiting for."""
    return _client(settings.REDIS_URL)


def broker_client() -> "redis.Redis":
    """The same, of Celery's broker: to look at its queues."""
    return _client(settings.CELERY_BROKER_URL)


class OneAttempt(Retry):
    """No second attempt, and none at all while Redis is known to be away.

    The client calls it around every connect and every command, so this one place knows how all of them end.
    """

    def __init__(self, url: str) -> None:
        super().__init__(NoBackoff(), 0)
        self._url = url

    def call_with_retry(self, do: Callable[[], T], *args: Any, **kwargs: Any) -> T:
        """Raises: redis.ConnectionError, redis.TimeoutError, and what the command raises."""
        with absence(self._url).attempt():
            return super().call_with_retry(do, *args, **kwargs)


class RemoteCache(RedisCache):  # type: ignore[misc] # it comes without types
    """Django's cache in Redis alone: for counts and for what is too large for the memory of each process."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {**params.get("OPTIONS", {}), "CONNECTION_POOL_KWARGS": {"retry": OneAttempt(server)}}
        super().__init__(server, {**params, "OPTIONS": options})


class SharedCache(RemoteCache):
    """Django's cache in Redis. What this process wrote it also remembers, and lives by that while Redis is away.

    Deleting reaches the memory of one process only: what must end early needs an epoch in its key.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = _memory()

    def get(self, key: str, default: Any = None, version: int | None = None, client: Any = None) -> Any:
        """From Redis; while that is away from memory."""
        try:
            return self.client.get(key, default=default, version=version, client=client)
        except ConnectionInterrupted:
            return self._memory.get(key, default, version)

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None, **options: Any
    ) -> Any:
        """In both; ``options`` are those of django-redis."""
        self._memory.set(key, value, timeout, version)
        return super().set(key, value, timeout, version=version, **options)

    def set_many(
        self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None, **options: Any
    ) -> Any:
        """In both."""
        self._memory.set_many(data, timeout, version)
        return super().set_many(data, timeout, version=version, **options)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None, **options: Any
    ) -> bool:
        """True for the first of all processes; while Redis is away for the first of this one."""
        try:
            added = bool(self.client.add(key, value, timeout, version=version, **options))
        except ConnectionInterrupted:
            return self._memory.add(key, value, timeout, version)
        if added:
            self._memory.set(key, value, timeout, version)
        return added

    def delete(self, key: str, version: int | None = None, **options: Any) -> Any:
        """In both."""
        self._memory.delete(key, version)
        return super().delete(key, version=version, **options)

    def clear(self) -> Any:
        """Both."""
        self._memory.clear()
        return super().clear()


def _memory() -> LocMemCache:
    """One for all threads of the process: Django keeps its content by its name."""
    return LocMemCache("shared", {"OPTIONS": {"MAX_ENTRIES": _REMEMBERED}})


@lru_cache(maxsize=2)
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1, retry=OneAttempt(url))
