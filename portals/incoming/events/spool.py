"""Where an event waits in Redis while the database is away (docs/adr/0051-events-without-a-database.md).

Bitrix24 sends no event twice, so refusing one is losing it. The spool promises less than the inbox (Redis may
lose it too), and nothing in it has been authenticated: it is bounded in number and size, sealed, and let in through
the same door as everybody else once the database is back.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import redis
import structlog
from django.core.exceptions import ImproperlyConfigured

from portals.bitrix24.payloads import EventRequest
from portals.incoming.events.registry import EventRefused
from portals.infrastructure.shared import redis_client
from portals.models.fields import seal, unseal

log = structlog.get_logger(__name__)

_KEY: Final = "events:spool"
_MOST: Final = 5_000
# Characters of one event; those of Bitrix24 have about a thousand.
_LONGEST: Final = 8_000


def keep(fields: Mapping[str, str], sender: str = "") -> bool:
    """Keep the form of an event and who sent it; False if there is no room for it or no Redis either."""
    text = json.dumps([dict(fields), sender])
    if len(text) > _LONGEST:
        return False
    try:
        if int(redis_client().llen(_KEY)) >= _MOST:
            return False
        redis_client().rpush(_KEY, seal(text))
    except redis.RedisError:
        return False
    return True


def drain(receive: Callable[[EventRequest, str], Any]) -> int:
    """Give every kept event to ``receive``, oldest first; returns how many left the spool.

    An event leaves it after ``receive`` is done, so one that is interrupted comes again, and the inbox knows it.
    Raises: what ``receive`` raises, except EventRefused.
    """
    drained = 0
    try:
        while (sealed := redis_client().lindex(_KEY, 0)) is not None:
            _deliver(sealed.decode(), receive)  # type: ignore[union-attr]
            redis_client().lrem(_KEY, 1, sealed)  # type: ignore[arg-type]
            drained += 1
    except redis.RedisError as error:
        log.warning("spool_unavailable", reason=type(error).__name__)
    if drained:
        log.info("spool_drained", events=drained)
    return drained


def _deliver(sealed: str, receive: Callable[[EventRequest, str], Any]) -> None:
    """What would have been refused at the door is refused now; what cannot be read never will be."""
    try:
        fields, sender = json.loads(unseal(sealed))
        receive(EventRequest.parse(fields), sender)
    except EventRefused as error:
        log.warning("event_refused", reason=error.reason, spooled=True)
    except (ValueError, ImproperlyConfigured) as error:
        log.error("spooled_event_unreadable", reason=type(error).__name__)
