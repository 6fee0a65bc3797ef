"""One leaky bucket per portal for all our processes, so that together we stay under the portal's own.

A portal answers so many requests a second per source address with so much burst, then refuses with 503
(Bitrix24 REST docs, "Limits"). The bucket lives in Redis and is read by Redis' clock. Opens may fill it nearly
to the brim and then wait in line, for a bounded time; background work stops at half and is told when to return.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from portals.bitrix24.addresses import parse_url
from portals.bitrix24.errors import Bitrix24Error, RateLimited, TimeBudgetSpent
from portals.infrastructure.database import give_back
from portals.infrastructure.metrics import counters
from portals.infrastructure.shared import redis_client

log = structlog.get_logger(__name__)

_ENTERPRISE: Final = re.compile(r"(?:^|_)ent\d*(?:_|$)")
# Requests kept free below the portal's brim: clocks and networks are not exact. A refusal costs half a second.
_MARGIN: Final = 0.5
_BACKGROUND_SHARE: Final = 0.5
# Seconds an open may wait for its turn; a person looks at an empty panel meanwhile.
LONGEST_WAIT: Final = 4.0
_MODEST_SECONDS: Final = 3600
_BARRED_SECONDS: Final = 60

# KEYS: bucket, "modest" mark, then the bars of the methods asked for.
# ARGV: brim and rate of the plan, brim and rate of the smallest plan, share, longest wait, now ("" = Redis).
# Answers {verdict, seconds}: "go" after so many seconds, "full" or "barred" for so many.
_ADMIT: Final = """
for index = 3, #KEYS do
  local left = redis.call('PTTL', KEYS[index])
  if left > 0 then return {'barred', tostring(left / 1000)} end
end
local now = tonumber(ARGV[7])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] + clock[2] / 1000000
end
local modest = redis.call('EXISTS', KEYS[2]) == 1
local brim = tonumber(ARGV[modest and 3 or 1]) * ARGV[5]
local step = 1 / tonumber(ARGV[modest and 4 or 2])
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + step
local wait = math.max(0, free_at - now - brim * step)
if wait > tonumber(ARGV[6]) then return {'full', tostring(wait)} end
redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'PX', math.ceil((free_at - now) * 1000) + 1000)
return {'go', tostring(wait)}
"""
# KEYS: bucket. ARGV: brim, rate, now ("" = Redis). The portal says that it is full, so it is.
_FILL: Final = """
local now = tonumber(ARGV[3])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] + clock[2] / 1000000
end
local free_at = now + ARGV[1] / ARGV[2]
if tonumber(redis.call('GET', KEYS[1]) or 0) < free_at then
  redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'PX', math.ceil(ARGV[1] / ARGV[2] * 1000) + 1000)
end
"""


def wait(seconds: float) -> None:
    """Sleep, without keeping a database connection from others meanwhile."""
    give_back()
    time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests a portal takes at once, and a second."""

    burst: float
    rate: float

    @classmethod
    def of(cls, licence: str) -> "Plan":
        """The plan of a ``LICENSE`` such as "en_ent250"; the smaller limits if it says nothing."""
        return ENTERPRISE if _ENTERPRISE.search(licence.lower()) else STANDARD

    @property
    def brim(self) -> float:
        """How far we fill it."""
        return self.burst - _MARGIN


STANDARD: Final = Plan(50, 2)
ENTERPRISE: Final = Plan(250, 5)


@dataclass(frozen=True, slots=True)
class PortalGate:
    """The way to one portal (``host[:port]``), for whoever sends requests there.

    ``sleep`` and ``clock`` (Unix seconds; None: Redis' own) are for simulations.
    """

    host: str
    plan: Plan = STANDARD
    background: bool = False
    sleep: Callable[[float], None] = wait
    clock: Callable[[], float] | None = None

    @classmethod
    def to(cls, client_endpoint: str, *, licence: str = "", background: bool = False) -> "PortalGate":
        """The gate of a client endpoint."""
        try:
            host = parse_url(client_endpoint).netloc
        except ValueError:
            host = ""  # the transport refuses such an address
        return cls(host, Plan.of(licence), background)

    def admit(self, methods: Sequence[str]) -> None:
        """Wait for a place in the bucket.

        Raises: RateLimited with ``retry_after`` if that would take too long, TimeBudgetSpent while the portal
        refuses one of ``methods``.
        """
        keys = [self._bucket, f"{self._bucket}:modest", *(self._bar(method) for method in methods)]
        share = _BACKGROUND_SHARE if self.background else 1
        longest = 0 if self.background else LONGEST_WAIT
        plans = (self.plan.brim, self.plan.rate, STANDARD.brim, STANDARD.rate)
        try:
            answer: Any = redis_client().eval(_ADMIT, len(keys), *keys, *plans, share, longest, self._now)
        except RedisError as error:
            # The portal's own limit still holds, and its refusals are understood.
            log.warning("limiter_unavailable", reason=type(error).__name__)
            return
        verdict, seconds = answer[0].decode(), float(answer[1])
        if verdict != "go":
            counters.kept_back(verdict, background=self.background)
        if verdict == "barred":
            raise TimeBudgetSpent(retry_after=seconds)
        if verdict == "full":
            raise RateLimited("bucket_full", retry_after=seconds)
        counters.waited(seconds, background=self.background)
        if seconds > 0:
            self.sleep(seconds)

    def refused(self, methods: Sequence[str], error: Bitrix24Error) -> bool:
        """Tell all processes what the portal said; True if the call is worth repeating after `admit`.

        A refusal for load happens before the call is run, so repeating it is always safe.
        """
        try:
            if isinstance(error, TimeBudgetSpent):
                milliseconds = int((error.retry_after or _BARRED_SECONDS) * 1000)
                for method in methods:
                    redis_client().set(self._bar(method), 1, px=max(milliseconds, 1))
                return False
            if isinstance(error, RateLimited):
                redis_client().set(f"{self._bucket}:modest", 1, ex=_MODEST_SECONDS)
                redis_client().eval(_FILL, 1, self._bucket, STANDARD.burst, STANDARD.rate, self._now)
                log.warning("portal_limit_hit", host=self.host)
                return not self.background
        except RedisError as trouble:
            log.warning("limiter_unavailable", reason=type(trouble).__name__)
        return False

    @property
    def _now(self) -> float | str:
        return self.clock() if self.clock else ""

    @property
    def _bucket(self) -> str:
        return f"limit:{self.host}"

    def _bar(self, method: str) -> str:
        return f"{self._bucket}:bar:{method}"
