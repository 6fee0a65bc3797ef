"""One call of the dispatcher is enough for a burst: the first event calls, the dispatcher's look ends the call.

The mark lives in Redis. Without Redis there is no broker either, and the sweep of beat finds what was stored.
"""

import redis

from portals.shared import redis_client

_KEY = "events:awake"
# Seconds after which a call that nobody answered is made again.
_PATIENCE = 5


def call() -> bool:
    """True for the caller who has to wake the dispatcher."""
    try:
        return bool(redis_client().set(_KEY, 1, nx=True, ex=_PATIENCE))
    except redis.RedisError:
        return False


def answer() -> None:
    """The dispatcher is about to look: whoever stores from now on calls again."""
    try:
        redis_client().delete(_KEY)
    except redis.RedisError:
        return
