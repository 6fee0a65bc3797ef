"""The cache while Redis is away: a process lives by what it remembers."""

import socket
from typing import Any

import pytest
import redis
from django.core.cache import cache, caches

from portals import tasks
from portals.infrastructure import absence, shared
from portals.infrastructure.shared import SharedCache, redis_client
from portals.outgoing import breaker
from portals.outgoing.limits import PortalGate


@pytest.fixture
def redis_away(settings: Any) -> SharedCache:
    """A cache that was filled while Redis was there, and Redis gone since."""
    caches["default"].set("known", {"chat": 1}, timeout=60)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
    return SharedCache(settings.REDIS_URL, settings.CACHES["default"])


def test_what_this_process_wrote_is_still_known(redis_away: SharedCache) -> None:
    assert redis_away.get("known") == {"chat": 1}
    assert redis_away.get("unknown", "default") == "default"


def test_writing_and_adding_go_on_in_memory(redis_away: SharedCache) -> None:
    redis_away.set("later", 2)
    redis_away.set_many({"one": 1})
    assert (redis_away.get("later"), redis_away.get("one")) == (2, 1)
    assert redis_away.add("first", 1)
    assert not redis_away.add("first", 2)


def test_redis_decides_while_it_is_there() -> None:
    """What another process changed or deleted counts, whatever this one remembers."""
    cache.set("shared", "mine")
    other = redis_client()
    other.delete(cache.make_key("shared"))
    assert cache.get("shared") is None
    assert cache.add("shared", "again")
    assert cache.get("shared") == "again"


def test_one_failure_spares_all_others_the_wait(
    redis_away: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaker, limiter and the cache together make one attempt to connect."""
    attempts: list[Any] = []
    connect = socket.socket.connect

    def count(self: socket.socket, address: Any) -> None:
        attempts.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", count)
    monkeypatch.setattr(absence, "PAUSE", 3600.0)
    redis_away.get("known")
    assert breaker.circuit_of("portal.example") == breaker.Circuit()
    gate = PortalGate("portal.example")
    gate.admit(["app.info"])
    redis_away.set("later", 2)
    assert len(attempts) == 1


def test_a_task_for_a_broker_that_is_away_is_given_up_at_once(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that wanted it goes on; kombu is not even asked."""
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(absence, "PAUSE", 3600.0)
    known = shared.absence(settings.CELERY_BROKER_URL)
    with pytest.raises(redis.ConnectionError), known.attempt():
        raise redis.ConnectionError
    monkeypatch.setattr(tasks.dispatch_events, "apply_async", pytest.fail)
    tasks.enqueue(tasks.dispatch_events)
