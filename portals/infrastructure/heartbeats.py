"""Signs of life of the processes that serve nobody's requests: a dead scheduler or worker has to be noticed.

``beat`` gives one with every task it sends; a worker gives one for each queue it reads, when it starts and with
every task it ends. The schedule puts something into every queue twice a minute, so silence means that nobody works
there.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import redis
import structlog
from django.conf import settings

from portals.infrastructure.shared import redis_client

log = structlog.get_logger(__name__)

_KEY: Final = "heartbeats"
BEAT: Final = "beat"
# Seconds of silence after which a process counts as dead, and between two signs of one process.
LONGEST_SILENCE: Final[Mapping[str, float]] = {BEAT: 60.0, "worker": 120.0}
_RESOLUTION: Final = 5.0
_given: dict[str, float] = {}


def worker(queue: str) -> str:
    """The name of whoever works on ``queue``."""
    return f"worker:{queue}"


def names() -> list[str]:
    """Who has to give signs."""
    queues = {"celery", *(route["queue"] for route in settings.CELERY_TASK_ROUTES.values())}
    return [BEAT, *(worker(queue) for queue in sorted(queues))]


def give(name: str) -> None:
    """A sign of life, at most every few seconds. Never raises for Redis: living on is more important."""
    now = time.monotonic()
    if now - _given.get(name, float("-inf")) < _RESOLUTION:
        return
    try:
        redis_client().hset(_KEY, name, str(time.time()))
    except redis.RedisError as error:
        log.warning("heartbeat_lost", process=name, reason=type(error).__name__)
        return
    _given[name] = now


def ages() -> dict[str, float | None]:
    """Seconds since the last sign of each, None if there was none. Raises: redis.RedisError."""
    known: Any = redis_client().hmget(_KEY, names())
    now = time.time()
    return {
        name: max(0.0, now - float(stamp)) if stamp else None
        for name, stamp in zip(names(), known, strict=True)
    }


def alive(name: str, age: float | None) -> bool:
    """Whether silence of ``age`` seconds is still no sign of death."""
    return age is not None and age <= LONGEST_SILENCE[name.partition(":")[0]]
