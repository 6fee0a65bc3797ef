"""A portal's morning: everybody opens their notebooks, and the portal's bucket is what it is.

Ten minutes pass in one: the rate of the bucket runs faster by `SCALE`, what we keep for minutes is kept shorter by
it. Every open starts at its moment in a thread of its own, so rivals really meet.
"""

import json
import random
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings

from portals import limits
from portals.limits import Plan, PortalGate
from portals.models import Portal
from tests.benchmarks.report import Figure, Report
from tests.benchmarks.world import World
from tests.support.opens import Opens
from widget import proofs, shares, vouching

SCALE = 10
MINUTES = 10
USERS, GROUPS, PRIVATES = 300, 10, 2
BURST, RATE = 50, 2
THREADS = 24
Open = tuple[float, int, str]


@override_settings(WEB_THREADS=THREADS)
def run(world: World, report: Report) -> None:
    """Report how long opens waited for the bucket, and whether each got its notebook."""
    opens = Opens(world.emulator, Client())
    people = _portal(opens)
    plan = _plan(people, world)
    world.emulator.control.bucket("alpha", x=BURST, y=RATE * SCALE, enabled=True)
    world.emulator.control.forget_requests()
    cache.clear()
    waits, pages = _play(world, people, plan)
    requests = world.emulator.control.requests("rest")
    report.add(Figure("opens answered with their notebook", pages, len(plan), "opens", at_least=1))
    report.add(
        Figure(
            "extra wait for the bucket, p95",
            statistics.quantiles(waits, n=20)[-1],
            3.0,
            "s",
            at_most=1,
            note=f"{USERS} people, {len(plan)} opens in {MINUTES} minutes, bucket {BURST} / {RATE} per s",
        )
    )
    report.fact("longest wait, s", round(max(waits), 2))
    report.fact("calls to the portal", len(requests))
    report.fact("calls to the authorization server", len(world.emulator.control.requests("oauth")))
    report.fact("refused by the portal", sum(r["status"] == 503 for r in requests))
    report.fact("the bucket has room for", BURST + RATE * MINUTES * 60)


def _portal(opens: Opens) -> dict[int, dict[str, Any]]:
    """An installed portal full of people; returns the form of an open for each."""
    control = opens.emulator.control
    control.settings("alpha", licence="en_company")
    control.bucket("alpha", enabled=False)
    assert opens.install().status_code == 200
    control.install_finish("alpha")
    people = [control.add_user("alpha", name=f"Person {number}") for number in range(USERS)]
    for number in range(GROUPS):
        control.add_chat("alpha", title=f"Team {number}", members=people, owner=people[0])
    return {person: opens.form("alpha", person, "1") for person in people}


def _plan(people: dict[int, Any], world: World) -> list[Open]:
    """Who opens what and when (emulated seconds): each group chat and two private ones, nobody's twice."""
    moments = random.Random(24)
    chats = world.emulator.control.portal("alpha")["chats"].values()
    groups = [f"chat{chat['id']}" for chat in chats if chat["title"].startswith("Team ")]
    names = list(people)
    opens = []
    for index, person in enumerate(names):
        privates = [str(names[(index + step) % len(names)]) for step in range(1, PRIVATES + 1)]
        for dialog in groups + privates:
            opens.append((moments.uniform(0, MINUTES * 60), person, dialog))
    assert len(opens) == USERS * (GROUPS + PRIVATES)
    return sorted(opens)


def _play(world: World, people: dict[int, dict[str, Any]], plan: list[Open]) -> tuple[list[float], int]:
    """Waits in emulated seconds, and how many opens ended with a notebook."""
    mine = threading.local()
    waits: list[float] = []
    pages: list[bool] = []
    begun = time.monotonic()

    def begin() -> None:
        # A client loads all middlewares with its first request, which no process does for an open.
        mine.opens = Opens(world.emulator, Client())

    def sleep(seconds: float) -> None:
        mine.seconds += seconds
        limits.wait(seconds)

    def play(item: Open) -> None:
        moment, person, dialog = item
        time.sleep(max(0.0, begun + moment / SCALE - time.monotonic()))
        mine.seconds = 0.0
        form = people[person]
        options = json.dumps({"dialogId": dialog, "URI": "/online/"})
        answer = mine.opens.post(form, PLACEMENT_OPTIONS=options)
        connection.close()  # what a web server does after each request
        waits.append(mine.seconds * SCALE)
        pages.append(answer.status_code == 200 and b'id="notebook"' in answer.content)

    with _faster(sleep), ThreadPoolExecutor(THREADS, initializer=begin) as pool:
        list(pool.map(play, plan))
    return waits, sum(pages)


@contextmanager
def _faster(sleep: Any) -> Iterator[None]:
    """Time constants of the application, shorter by `SCALE`."""

    def gate(client_endpoint: str, *, licence: str = "", background: bool = False) -> PortalGate:
        host = client_endpoint.split("/")[2]
        return PortalGate(host, Plan.of(licence), background, sleep=sleep)

    with (
        patch.object(limits, "STANDARD", Plan(BURST, RATE * SCALE)),
        patch.object(limits, "LONGEST_WAIT", limits.LONGEST_WAIT / SCALE),
        patch.object(PortalGate, "to", gate),
        patch.object(vouching, "LONG_LINE", vouching.LONG_LINE / SCALE),
        patch.object(proofs, "FRESH", proofs.FRESH / SCALE),
        patch.object(shares, "MEMBERS_FRESH", shares.MEMBERS_FRESH / SCALE),
        patch.object(shares, "IDENTITY_FRESH", shares.IDENTITY_FRESH / SCALE),
        patch.object(shares, "PAIR_FRESH", shares.PAIR_FRESH / SCALE),
    ):
        Portal.objects.update(licence="en_company")
        yield
