"""Callers whom nobody has proved: how much of our and of Bitrix24's time their failures may cost.

Only failures count, and questions that one token makes us ask, so people at work meet no limit. The counts live in
Redis for a minute; without Redis nobody is limited.
"""

import hashlib
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
from django.conf import settings
from django.http import HttpRequest

from portals.bitrix24.errors import RateLimited
from portals.infrastructure import shared
from portals.infrastructure.shared import redis_client
from portals.refusals import Refusal

# A minute. One address may stand for a whole company.
FAILURES_OF_ADDRESS: Final = 120
# A minute. From then on the authorization server looks at tokens first, which costs nothing of the portal's limit.
FAILURES_AT_PORTAL: Final = 10
# A minute. Somebody who looks into one chat after another asks far less.
ASKS_OF_TOKEN: Final = 30
_SECONDS: Final = 60
_UNPROVED: Final = frozenset({"token_refused", "token_expired", "foreign_application", "foreign_portal"})
_IPV6_SITE: Final = 64  # bits: all of it is one subscriber's


@contextmanager
def limited(request: HttpRequest) -> Iterator[None]:
    """Around whatever proves a claim: an address that failed too often is asked to wait. Raises: Refusal."""
    network = network_of(request)
    # Nobody who never failed here costs a round trip.
    if network and shared.recall(f"address:{network}") and failed_too_often(network):
        raise Refusal("too_many_failures")
    try:
        yield
    except Refusal as refusal:
        if network and refusal.reason in _UNPROVED:
            failed_from(network)
            shared.remember(f"address:{network}", value=True, seconds=_SECONDS)
        raise


def failed_from(network: str) -> None:
    """What came from there proved nothing."""
    if network:
        _add(f"address:{network}")


def failed_too_often(network: str) -> bool:
    """Whether nothing more from there is worth a question."""
    return bool(network) and _count(f"address:{network}") >= FAILURES_OF_ADDRESS


def asks(access_token: str) -> None:
    """A portal is about to be asked with a viewer's token. Raises: RateLimited if that happens too often."""
    name = f"token:{hashlib.sha256(access_token.encode()).hexdigest()}"
    if _add(name) > ASKS_OF_TOKEN:
        raise RateLimited("token_busy", retry_after=_SECONDS)


def failed_at(portal_id: int) -> None:
    """Somebody's token was none of ours there."""
    _add(f"portal:{portal_id}")


def suspicious(portal_id: int) -> bool:
    """Whether so many failed at a portal that its limit of requests has to be saved for who belongs there."""
    return _count(f"portal:{portal_id}") >= FAILURES_AT_PORTAL


def address_of(request: HttpRequest) -> str:
    """Whoever connected to the outermost of our `PROXY_COUNT` proxies.

    Each proxy appends whom it heard from to ``X-Forwarded-For``; what stands before that anybody may have written.
    """
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    heard = [part.strip() for part in forwarded.split(",")]
    count: int = settings.PROXY_COUNT
    if count and len(heard) >= count and heard[-count]:
        return heard[-count]
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(request: HttpRequest) -> str:
    """What counts as one caller; empty for addresses that may be a proxy of ours, and so anybody's."""
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return ""
    if not address.is_global:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_SITE), strict=False))
    return str(address)


def _add(name: str) -> int:
    try:
        with redis_client().pipeline() as pipe:
            pipe.incr(f"callers:{name}")
            pipe.expire(f"callers:{name}", _SECONDS, nx=True)
            answers: list[Any] = pipe.execute()
    except redis.RedisError:
        return 0
    return int(answers[0])


def _count(name: str) -> int:
    try:
        found: Any = redis_client().get(f"callers:{name}")
    except redis.RedisError:
        return 0
    return int(found or 0)
