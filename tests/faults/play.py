"""One scenario: load, something goes, time passes, it comes back; what was seen, what is lost, when all is well."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import psycopg
import requests

from tests.faults.estate import Estate, until
from tests.faults.load import PORTALS, Load
from tests.faults.scenarios import Scenario
from tests.faults.table import Result

# Nothing takes longer than this to be well again, whatever the machine is busy with.
GIVE_UP = 120
# An event whose worker died comes back after this many minutes; the suite lets them pass.
_MINUTES = 6


def play(estate: Estate, load: Load, scenario: Scenario, *, away: float) -> Result:
    """Raises: TimeoutError if events stay unprocessed for `GIVE_UP` seconds."""
    result = Result(scenario.name)
    reuse, dead = _reuse(estate), _dead(estate)
    load.measure()
    begun = time.monotonic()
    scenario.take(estate, load)
    time.sleep(away)
    scenario.give(estate)
    given = time.monotonic()
    result.away = round(time.monotonic() - begun, 1)
    now = _database_time(estate)
    result.well_after = _recover(estate, load, now, given)
    result.violations = scenario.violations(load) | _unwell(estate, result)
    tally = load.tally
    result.opens = tally.of("warm", "cold")
    result.notes, result.events = tally.of("note"), tally.of("event")
    result.slowest_open = round(tally.slow("warm", "cold"), 2)
    result.slowest_event = round(tally.slow("event"), 2)
    result.waited_for_sweep = _settle(estate, now)
    result.lost_notes = _missing(estate, "SELECT id FROM widget_note", load.notes)
    result.lost_events = _missing(estate, _MOMENTS, load.events)
    result.lost_spooled = _missing(estate, _MOMENTS, load.spooled)
    result.spent_twice = _reuse(estate) - reuse
    result.given_up_tokens = _dead(estate) - dead
    if result.given_up_tokens and not scenario.interrupts:
        result.violations["tokens given up"] = result.given_up_tokens
    return result


def _recover(estate: Estate, load: Load, now: datetime, begun: float) -> dict[str, float | None]:
    """Seconds from ``begun`` (``now`` by the database) until each thing is well; None if it never was."""
    checks: dict[str, Callable[[], bool]] = {
        "web processes": lambda: all(estate.ready(name) for name in estate.ports),
        "opens": lambda: all(load.open(load.cold_form(key))[0] == "served" for key in PORTALS),
        "notes": lambda: load.note("alpha")[0] == "saved",
        "events": lambda: load.event("beta", load.next_moment()) == ("stored", "stored"),
        "workers": lambda: bool(estate.ask(_WORKED_OFF, now)),
        "tokens": lambda: bool(estate.ask(_REFRESHED, now)),
    }
    well: dict[str, float | None] = {}
    for name, check in checks.items():
        try:
            until(_safely(check), GIVE_UP)
            well[name] = round(time.monotonic() - begun, 1)
        except TimeoutError:
            well[name] = None
    return well


def _unwell(estate: Estate, result: Result) -> dict[str, int]:
    """What is not well again; a process that ended by itself is started, for the sake of the next scenario."""
    found = {f"{name} not well again": 1 for name, seconds in result.well_after.items() if seconds is None}
    ended = [name for name in estate.processes if not estate.running(name)]
    estate.start(*ended)
    return found | {f"{name} ended by itself": 1 for name in ended}


def _safely(check: Callable[[], bool]) -> Callable[[], bool]:
    def checked() -> bool:
        with suppress(requests.RequestException, psycopg.Error, ValueError):
            return check()
        return False

    return checked


def _database_time(estate: Estate) -> datetime:
    """As soon as it answers."""
    until(_safely(lambda: bool(estate.ask("SELECT 1"))), GIVE_UP)
    now: datetime = estate.ask("SELECT now()")
    return now


def _settle(estate: Estate, before: datetime) -> int:
    """Wait for what began before a moment to be done. What only a dead process's lease holds back: let it pass.

    Returns how many events these were.
    """

    def done() -> bool:
        return not estate.ask(_WAITING, before, before)

    with suppress(TimeoutError):
        until(done, 10, poll=0.2)
        return 0
    with estate.database() as database:
        held = database.execute(_EVENTS_LATER, [_MINUTES, before]).rowcount
        database.execute(_TOKENS_LATER, [_MINUTES, _MINUTES, before])
    try:
        until(done, GIVE_UP, poll=0.2)
    except TimeoutError:
        with estate.database() as database:
            left = database.execute(_LEFT, [before, before]).fetchall()
        raise TimeoutError(f"still not done after {GIVE_UP} s: {left}") from None
    return int(held)


def _missing(estate: Estate, query: str, promised: set[int]) -> int:
    with estate.database() as database:
        there = {int(row[0]) for row in database.execute(query)}
    return len(set(promised) - there)


def _reuse(estate: Estate) -> int:
    return int(estate.emulator.control.state()["refresh_reuse"])


def _dead(estate: Estate) -> int:
    return int(estate.ask("SELECT count(*) FROM portals_portaltoken WHERE dead_at IS NOT NULL"))


_MOMENTS = "SELECT extract(epoch FROM sent_at) FROM portals_portalevent WHERE event = 'ONAPPUPDATE'"
_WORKED_OFF = "SELECT count(*) FROM portals_portalevent WHERE status <> 'pending' AND received_at > %s"
_REFRESHED = "SELECT count(*) FROM portals_portaltoken WHERE refreshed_at > %s"
_WAITING = """
    SELECT (SELECT count(*) FROM portals_portalevent WHERE status = 'pending' AND received_at < %s)
         + (SELECT count(*) FROM portals_portaltoken WHERE dead_at IS NULL AND spending_since < %s)
"""
_LEFT = """
    SELECT event, member_id, reason, attempts, looks, due_at - now(), leased_until - now()
    FROM portals_portalevent WHERE status = 'pending' AND received_at < %s
    UNION ALL
    SELECT 'token', portal_id::text, last_error, generation, failures, refresh_due_at - now(), leased_until - now()
    FROM portals_portaltoken WHERE dead_at IS NULL AND spending_since < %s
"""
_EVENTS_LATER = """
    UPDATE portals_portalevent SET due_at = now(), leased_until = leased_until - make_interval(mins => %s)
    WHERE status = 'pending' AND received_at < %s
"""
_TOKENS_LATER = """
    UPDATE portals_portaltoken SET refresh_due_at = now(),
        leased_until = leased_until - make_interval(mins => %s),
        spending_since = spending_since - make_interval(mins => %s)
    WHERE dead_at IS NULL AND spending_since < %s
"""
