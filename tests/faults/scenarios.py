"""What is taken away, and what people may notice of it."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from tests.faults.estate import START_SECONDS, Estate, until
from tests.faults.load import Load
from tests.faults.tally import GOOD, HONEST

_OPENS = ("warm", "cold")
_ALL = ("warm", "cold", "note", "event")
# A connection that was cut is all that may be seen of a process that is killed.
_CUT = {"error ConnectionError", "error ChunkedEncodingError"}
# Threads of one web process, twice over: enough to fill it with one portal's opens.
_CROWD = 16


@dataclass(frozen=True)
class Scenario:
    """``take`` and ``give`` it back; ``unseen`` are kinds of requests that may not notice, ``cut`` allows
    connections that end. ``interrupts``: refreshes may be in the middle, and what they held is given up."""

    name: str
    take: Callable[[Estate, Load], None]
    give: Callable[[Estate], None]
    unseen: tuple[str, ...] = _ALL
    cut: bool = False
    interrupts: bool = False
    brief: bool = False

    def violations(self, load: Load) -> dict[str, int]:
        """What people saw and should not have seen, with counts."""
        cut = _CUT if self.cut else set()
        return load.tally.unlike(GOOD | HONEST | cut) | load.tally.unlike(GOOD | cut, *self.unseen)


def _any(estate: Estate, query: str) -> bool:
    return bool(estate.ask(query))


def _nothing(estate: Estate) -> None:
    """It comes back by itself."""


def _without_database(estate: Estate, load: Load) -> None:
    estate.services.stop_postgres()


def _without_cache(estate: Estate, load: Load) -> None:
    """While the worker holds a message: then losing the broker is hardest."""
    _fault("alpha", "beta", delay_ms=1500)(estate, load)
    until(partial(_any, estate, _IN_THE_MIDDLE["worker"]), START_SECONDS)
    estate.services.stop_valkey()
    _well("alpha", "beta")(estate)


def _with_silent_cache(estate: Estate, load: Load) -> None:
    estate.valkey(signal.SIGSTOP)


def _without_both(estate: Estate, load: Load) -> None:
    estate.services.stop_postgres()
    estate.services.stop_valkey()


def _both_again(estate: Estate) -> None:
    estate.services.start_valkey()
    estate.services.start_postgres()


def _fault(*keys: str, error: str | None = None, delay_ms: int = 0) -> Callable[[Estate, Load], None]:
    def take(estate: Estate, load: Load) -> None:
        for key in keys:
            estate.emulator.control.fault(key, error, delay_ms=delay_ms)

    return take


def _well(*keys: str) -> Callable[[Estate], None]:
    def give(estate: Estate) -> None:
        for key in keys:
            estate.emulator.control.fault(key)

    return give


def _killed_in_the_middle(estate: Estate, load: Load) -> None:
    """Both workers, while they hold an event and a refresh token whose answer is on its way."""
    _fault("oauth", "alpha", "beta", delay_ms=1500)(estate, load)
    for name, query in _IN_THE_MIDDLE.items():
        until(partial(_any, estate, query), START_SECONDS)
        estate.end(name, how=signal.SIGKILL)
    _well("oauth", "alpha", "beta")(estate)


def _crowded(estate: Estate, load: Load) -> None:
    """One portal answers after 20 seconds, and more people open its notebooks than a process has threads."""
    _fault("alpha", delay_ms=20_000)(estate, load)
    forms = [load.cold_form("alpha") for _ in range(_CROWD)]
    with ThreadPoolExecutor(_CROWD) as crowd:
        for form in forms:
            crowd.submit(load.ask, ("cold alpha", partial(load.open, form)))


def _cache_and_portal(estate: Estate, load: Load) -> None:
    """After every process has seen everybody: what one never saw it cannot know without Redis."""
    load.greet()
    estate.services.stop_valkey()
    _fault("alpha", error="html")(estate, load)


def _cache_and_portal_again(estate: Estate) -> None:
    estate.services.start_valkey()
    _well("alpha")(estate)


def _server_and_worker(estate: Estate, load: Load) -> None:
    _fault("oauth", error="500")(estate, load)
    estate.end("worker", "tokens")


def _server_and_worker_again(estate: Estate) -> None:
    _well("oauth")(estate)
    estate.start("worker", "tokens")


_IN_THE_MIDDLE = {
    "worker": "SELECT count(*) FROM portals_portalevent"
    " WHERE status = 'pending' AND attempts > 0 AND leased_until > now()",
    "tokens": "SELECT count(*) FROM portals_portaltoken WHERE dead_at IS NULL AND spending_since IS NOT NULL",
}
_OTHERS = ("warm", "cold beta", "note", "event")

SCENARIOS = (
    Scenario("database", _without_database, lambda estate: estate.services.start_postgres(), (), brief=True),
    Scenario("cache and broker", _without_cache, lambda estate: estate.services.start_valkey(), brief=True),
    Scenario("cache and broker silent", _with_silent_cache, lambda estate: estate.valkey(signal.SIGCONT)),
    Scenario(
        "child of a web process, kill -9", lambda estate, load: estate.kill_child("web1"), _nothing, cut=True
    ),
    Scenario(
        "web process, kill -9",
        lambda estate, load: estate.end("web2", how=signal.SIGKILL),
        lambda estate: estate.start("web2"),
        cut=True,
        brief=True,
    ),
    Scenario(
        "web process, SIGTERM",
        lambda estate, load: estate.end("web2"),
        lambda estate: estate.start("web2"),
        cut=True,
    ),
    Scenario(
        "workers in the middle, kill -9",
        _killed_in_the_middle,
        lambda estate: estate.start("worker", "tokens"),
        interrupts=True,
        brief=True,
    ),
    Scenario(
        "workers, SIGTERM",
        lambda estate, load: estate.end("worker", "tokens"),
        lambda estate: estate.start("worker", "tokens"),
    ),
    Scenario(
        "beat, kill -9",
        lambda estate, load: estate.end("beat", how=signal.SIGKILL),
        lambda estate: estate.start("beat"),
    ),
    Scenario("authorization server", _fault("oauth", error="500"), _well("oauth")),
    Scenario("a portal", _fault("alpha", error="html"), _well("alpha"), _OTHERS),
    Scenario("a portal slow and crowded", _crowded, _well("alpha"), _OTHERS, brief=True),
    Scenario("cache, and a portal", _cache_and_portal, _cache_and_portal_again, _OTHERS, brief=True),
    Scenario("database and cache", _without_both, _both_again, ()),
    Scenario("authorization server, and workers", _server_and_worker, _server_and_worker_again),
)
