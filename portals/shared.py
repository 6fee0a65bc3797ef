"""State that all processes share and may lose: Redis."""

from functools import lru_cache

import redis
from django.conf import settings


def redis_client() -> "redis.Redis":
    """The client of this process. Calls are short or fail: nothing here is worth waiting for."""
    return _client(settings.REDIS_URL)


def broker_client() -> "redis.Redis":
    """The same, of Celery's broker: to look at its queues."""
    return _client(settings.CELERY_BROKER_URL)


@lru_cache(maxsize=2)
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1)
