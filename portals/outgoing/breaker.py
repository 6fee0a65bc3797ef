"""A circuit breaker per host, shared by every process through Redis (docs/adr/0010-circuit-breaker.md).

Closed, every call goes out. After `THRESHOLD` failures in a row it is open: no process calls the host, for a
time that doubles with each failed attempt to return. Then one process at a time may try; its success closes it.
A call may name its subject: if that is not answered in time, calls about it alone are held back. One slow chat says
nothing of a portal's others, and who waits three seconds nothing to who waits ten.
Without Redis every call goes out: the breaker protects others, it must not be what breaks us.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis
import structlog

from portals.bitrix24.errors import (
    BadAnswer,
    Bitrix24Error,
    CircuitOpen,
    DeadlineExceeded,
    ServerTrouble,
    Unreachable,
)
from portals.infrastructure.metrics import counters
from portals.infrastructure.shared import redis_client

log = structlog.get_logger(__name__)

THRESHOLD = 5
# Seconds.
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
_TRIAL_SECONDS = 20
_MEMORY_SECONDS = 600
# Sorted set of open hosts by the time until which they are: to be counted without a search of all keys.
_OPEN = "breakers:open"
# The host itself is unwell. Any other error is an answer, and whoever answers is up.
_UNWELL = (Unreachable, BadAnswer, ServerTrouble)


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a host: failures in a row, failed returns in a row, closed again from (Unix seconds)."""

    failures: int = 0
    trips: int = 0
    open_until: float = 0.0

    @property
    def state(self) -> State:
        if not self.trips:
            return State.CLOSED
        return State.OPEN if time.time() < self.open_until else State.HALF_OPEN

    @property
    def pause(self) -> float:
        """Seconds until the host may be tried; 0 if that is now."""
        return max(0.0, self.open_until - time.time()) if self.trips else 0.0


@contextmanager
def guard(host: str, subject: str = "") -> Iterator[None]:
    """Around one call of ``host`` (``host[:port]``). Raises: CircuitOpen instead of letting it happen."""
    about = f"{host}#{subject}" if subject else host
    names = list(dict.fromkeys((host, about)))
    circuits = dict(zip(names, _circuits(names), strict=True))
    pauses = [circuit.pause for circuit in circuits.values() if circuit.state is State.OPEN]
    if pauses:
        raise CircuitOpen(retry_after=max(pauses))
    # The host's place last: whoever may not ask about the subject does not keep it from others.
    for name in reversed(names):
        if circuits[name].state is State.HALF_OPEN and not _may_try(name):
            raise CircuitOpen(retry_after=1.0)
    try:
        yield
    except DeadlineExceeded as error:
        # A host that was away and does not answer in time has not come back.
        late = host if circuits[host].trips else about
        _failed(late, circuits[late], error)
        raise
    except _UNWELL as error:
        _failed(host, circuits[host], error)
        raise
    except Bitrix24Error:
        _answered(circuits)
        raise
    _answered(circuits)


def circuit_of(host: str) -> Circuit:
    """The circuit of a host; a closed one if nobody knows."""
    return _circuits([host])[0]


def _circuits(names: Sequence[str]) -> list[Circuit]:
    """One round trip."""
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(_key(name), "failures", "trips", "open_until")
            found: list[Any] = pipe.execute()
    except redis.RedisError as error:
        log.warning("breaker_unavailable", reason=type(error).__name__)
        return [Circuit()] * len(names)
    return [Circuit(int(known[0] or 0), int(known[1] or 0), float(known[2] or 0)) for known in found]


def open_hosts() -> set[str]:
    """The hosts that are not called now. Raises: redis.RedisError."""
    redis_client().zremrangebyscore(_OPEN, 0, time.time())
    names: Any = redis_client().zrange(_OPEN, 0, -1)
    return {name.decode() for name in names}


def _may_try(host: str) -> bool:
    try:
        return bool(redis_client().set(_trial_key(host), 1, nx=True, ex=_TRIAL_SECONDS))
    except redis.RedisError:
        return True


def _failed(name: str, circuit: Circuit, error: Bitrix24Error) -> None:
    host, _, subject = name.partition("#")
    key = _key(name)
    try:
        with redis_client().pipeline() as pipe:
            pipe.hincrby(key, "failures", 1)
            pipe.expire(key, _MEMORY_SECONDS)
            failures = pipe.execute()[0]
        if failures < THRESHOLD and not circuit.trips:
            return
        longest = min(FIRST_PAUSE * 2**circuit.trips, LONGEST_PAUSE)
        pause = random.uniform(longest / 2, longest)  # noqa: S311 - so that breakers of many hosts spread
        with redis_client().pipeline() as pipe:
            # From the number seen before the call: many that fail together are one failed return.
            pipe.hset(key, mapping={"trips": circuit.trips + 1, "open_until": time.time() + pause})
            pipe.delete(_trial_key(name))
            if not subject:
                pipe.zadd(_OPEN, {host: time.time() + pause})
            pipe.execute()
    except redis.RedisError:
        return
    counters.tripped(host)
    log.warning("circuit_opened", host=host, subject=subject, reason=error.code, seconds=round(pause, 1))


def _answered(circuits: Mapping[str, Circuit]) -> None:
    names = [name for name, circuit in circuits.items() if circuit != Circuit()]
    if not names:
        return
    try:
        with redis_client().pipeline() as pipe:
            for name in names:
                pipe.delete(_key(name), _trial_key(name))
                pipe.zrem(_OPEN, name)
            pipe.execute()
    except redis.RedisError:
        return
    for name in names:
        if circuits[name].trips:
            log.info("circuit_closed", host=name)


def _key(name: str) -> str:
    return f"breaker:{name}"


def _trial_key(name: str) -> str:
    return f"breaker:{name}:trial"
