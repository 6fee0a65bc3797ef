"""Refreshing tokens: throughput of a worker, cost of a tick, and what 100 000 active portals need.

Of repeated measurements the best counts, on both sides: whatever else the machine does only ever slows them down.
"""

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import requests
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils import timezone
from requests.adapters import HTTPAdapter

from portals import tasks
from portals.infrastructure.shared import redis_client
from portals.models import Portal, PortalToken
from portals.tokens import dispatch
from tests.benchmarks.report import Figure, Report, say, timed
from tests.benchmarks.world import World, processor_seconds
from tests.support.emulator import Emulator
from tests.support.paper import paper_portals
from tests.support.processes import end, until, worker

LATENCY_MS = 100
THREADS = (4, 8, 16)
ROUNDS = 3
PER_THREAD = 80
FEW, MANY, DUE = 10_000, 1_000_000, 100
TICKS = 25
ACTIVE_PORTALS = 100_000


def run(world: World, report: Report) -> None:
    world.emulator.control.fault("oauth", delay_ms=LATENCY_MS)
    costs = [_throughput(world, report, threads) for threads in THREADS]
    _capacity(report, statistics.median(costs))
    world.clean()
    _ticks(report)


def _throughput(world: World, report: Report, threads: int) -> float:
    """Returns processor seconds of a refresh: worker, database and broker."""
    count = threads * PER_THREAD
    bare, ours, costs = [], [], []
    with _running(world.emulator, threads) as process:
        for number in range(ROUNDS):
            bare.append(count / _bare_loop(world.emulator, threads, count))
            before = processor_seconds(process) + world.service_seconds()
            ours.append(count / _worker_run(world.emulator, count))
            costs.append((processor_seconds(process) + world.service_seconds() - before) / count)
            say(f"  · {threads} threads, round {number + 1}: {ours[-1]:.1f}/s, bare loop {bare[-1]:.1f}/s")
    report.add(
        Figure(
            f"refreshes of one worker, {threads} threads",
            ours=max(ours),
            baseline=max(bare),
            unit="1/s",
            at_least=0.8,
            note=f"baseline: a bare loop of pooled requests, {LATENCY_MS} ms latency; best of {ROUNDS}",
        )
    )
    return statistics.median(costs)


@contextmanager
def _running(emulator: Emulator, threads: int) -> Iterator[psutil.Process]:
    """A worker that has opened its connections."""
    process = worker(emulator, threads=threads)
    try:
        _worker_run(emulator, threads * 2)
        yield psutil.Process(process.pid)
    finally:
        end([process])


def _worker_run(emulator: Emulator, count: int) -> float:
    """Seconds from the tick to the last commit."""
    ids = [token.pk for token in paper_portals(emulator, count)]
    fresh = PortalToken.objects.filter(pk__in=ids, generation=2)

    def refresh_all() -> None:
        for chunk in dispatch.claim_due():
            tasks.hand_out(chunk)
        until(lambda: fresh.count() == count, poll=0.02)

    return timed(refresh_all)


def _bare_loop(emulator: Emulator, threads: int, count: int) -> float:
    """Seconds that the same exchanges take with nothing around them: nothing stored, checked or measured."""
    pairs = emulator.control.paper_portals(count)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=threads))
    form = {
        "grant_type": "refresh_token",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
    }

    def loop() -> None:
        while True:
            try:
                pair = pairs.pop()
            except IndexError:
                return
            data = form | {"refresh_token": pair["refresh_token"]}
            session.post(f"{emulator.oauth_url}/oauth/token/", data=data, timeout=10).raise_for_status()

    loops = [threading.Thread(target=loop) for _ in range(threads)]

    def run_all() -> None:
        for thread in loops:
            thread.start()
        for thread in loops:
            thread.join()

    return timed(run_all)


def _capacity(report: Report, seconds: float) -> None:
    """Can one machine with two cores keep 100 000 portals fresh that are all in use?"""
    margin = settings.TOKEN_REFRESH_MARGIN * 1.125  # with the mean of its jitter
    interval = 3600 - margin
    rate = ACTIVE_PORTALS / interval
    report.fact("processor milliseconds a refresh (worker, database, broker)", round(seconds * 1000, 2))
    report.add(
        Figure(
            f"processors that {ACTIVE_PORTALS} active portals need, of 2",
            ours=rate * seconds,
            baseline=2.0,
            unit="processors",
            at_most=0.8,
            note=f"{ACTIVE_PORTALS} / {interval:.0f} s = {rate:.1f} refreshes/s, each {seconds * 1000:.2f} ms",
        )
    )


def _ticks(report: Report) -> None:
    """The same tick in a small and in a large table; each after the same preparations."""
    _fill(FEW)
    few = _tick_seconds()
    say(f"  · inserting {MANY} tokens")
    _fill(MANY)
    many = _tick_seconds()
    for name, at in (("tick", 0), ("claim (its database part)", 1)):
        report.add(
            Figure(
                f"{name} with {DUE} due among {MANY} tokens",
                ours=min(times[at] for times in many) * 1000,
                baseline=min(times[at] for times in few) * 1000,
                unit="ms",
                at_most=1.5,
                note=f"baseline: the same among {FEW} tokens; best of {len(few)}",
            )
        )


def _fill(total: int) -> None:
    """Add portals with a token each until there are ``total``; 100 of them due, the others within 50 minutes."""
    model = _model_token()
    have = PortalToken.objects.count()
    fresh = {"expires_at": "now() + interval '1 hour'", "stored_at": "now()", "refreshed_at": "now()"}
    due = "now() + interval '10 minutes' + random() * interval '40 minutes'"
    with connection.cursor() as cursor:
        cursor.execute(
            _copies(
                Portal, {"member_id": "lpad(to_hex(n), 32, '0')"}, "generate_series(%s::int, %s::int) AS n"
            ),
            [have + 1, total, model.portal_id],
        )
        cursor.execute(
            _copies(
                PortalToken,
                {"portal_id": "portal.id", "refresh_due_at": due} | fresh,
                "portals_portal AS portal LEFT JOIN portals_portaltoken AS token ON token.portal_id = portal.id",
            )
            + " AND token.id IS NULL",
            [model.pk],
        )
        # A random hundred of all rows, so that those of the large table lie as far apart as there.
        cursor.execute(
            """
            UPDATE portals_portaltoken SET refresh_due_at = now() + interval '10 minutes'
            WHERE refresh_due_at < now();
            UPDATE portals_portaltoken SET refresh_due_at = now() - interval '1 minute'
            WHERE id IN (SELECT id FROM portals_portaltoken ORDER BY random() LIMIT 100)
            """
        )
        cursor.execute("VACUUM ANALYZE portals_portaltoken")


def _model_token() -> PortalToken:
    """The row that all others are copies of."""
    portal, _ = Portal.objects.get_or_create(
        member_id="f" * 32,
        defaults={
            "domain": "portal.example",
            "client_endpoint": "https://portal.example/rest/",
            "status": "active",
        },
    )
    token, _ = PortalToken.objects.get_or_create(
        portal=portal,
        defaults={
            "user_id": 1,
            "access_token": "x" * 70,
            "refresh_token": "x" * 70,
            "expires_at": timezone.now() + timedelta(hours=1),
            "refresh_due_at": timezone.now() + timedelta(minutes=50),
        },
    )
    return token


def _copies(model: type[Model], changed: dict[str, str], source: str) -> str:
    """SQL that inserts the row of a given id once for each row of ``source``, some columns changed."""
    columns = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    values = [changed.get(column, f"model.{column}") for column in columns]
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608 - names of ours
        f" FROM {source} JOIN {table} AS model ON model.id = %s WHERE true"
    )


def _tick_seconds() -> list[tuple[float, float]]:
    """Seconds of whole ticks and of their claims."""
    found = []
    for _ in range(TICKS):
        claimed: list[list[int]] = []
        claim = timed(lambda: claimed.extend(dispatch.claim_due()))  # noqa: B023
        publish = timed(lambda: _publish(claimed))  # noqa: B023
        assert sum(map(len, claimed)) == DUE
        found.append((claim + publish, claim))
        redis_client().delete("tokens")
        PortalToken.objects.exclude(leased_until=None).update(leased_until=None)
    return found[TICKS // 5 :]  # the first ones warm caches


def _publish(claimed: list[list[int]]) -> None:
    for ids in claimed:
        tasks.hand_out(ids)
