"""A portal's morning: everybody opens their notebooks, and the portal's bucket is what it is.

Time passes faster by `SCALE`: so does the rate of the bucket, and what is kept for minutes is kept shorter. Each
open has a token of its own, as Bitrix24 makes one each time, and starts at its moment in a thread of its own, so
rivals really meet.
"""

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

from portals.models import Portal
from portals.outgoing import limits
from portals.outgoing.limits import Plan, PortalGate
from tests.benchmarks.report import Figure, Report
from tests.benchmarks.world import World
from tests.support.opens import Opens
from widget.access import answers, inquiry

SCALE = 5
MINUTES = 10
USERS, GROUPS, PRIVATES = 300, 10, 2
BURST, RATE = 50, 2
THREADS = 24
Open = tuple[float, dict[str, Any]]  # its moment, in emulated seconds, and its form


@override_settings(WEB_THREADS=THREADS)
def run(world: World, report: Report) -> None:
    """Report how long opens waited for the bucket, and whether each got its notebook."""
    opens = Opens(world.emulator, Client())
    plan = _plan(opens, _portal(opens), world)
    world.emulator.control.bucket("alpha", x=BURST, y=RATE * SCALE, enabled=True)
    world.emulator.control.forget_requests()
    cache.clear()
    waits, pages = _play(world, plan)
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


def _portal(opens: Opens) -> list[int]:
    """An installed portal full of people."""
    control = opens.emulator.control
    control.settings("alpha", licence="en_company")
    control.bucket("alpha", enabled=False)
    assert opens.install().status_code == 200
    control.install_finish("alpha")
    people = [control.add_user("alpha", name=f"Person {number}") for number in range(USERS)]
    for number in range(GROUPS):
        control.add_chat("alpha", title=f"Team {number}", members=people, owner=people[0])
    return people


def _plan(opens: Opens, people: list[int], world: World) -> list[Open]:
    """Everybody opens each group chat and two private ones, nobody's twice."""
    moments = random.Random(24)
    chats = world.emulator.control.portal("alpha")["chats"].values()
    groups = [f"chat{chat['id']}" for chat in chats if chat["title"].startswith("Team ")]
    plan = []
    for index, person in enumerate(people):
        privates = [str(people[(index + step) % len(people)]) for step in range(1, PRIVATES + 1)]
        for dialog in groups + privates:
            plan.append((moments.uniform(0, MINUTES * 60), opens.form("alpha", person, dialog)))
    assert len(plan) == USERS * (GROUPS + PRIVATES)
    return sorted(plan, key=lambda item: item[0])


def _play(world: World, plan: list[Open]) -> tuple[list[float], int]:
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
        moment, form = item
        time.sleep(max(0.0, begun + moment / SCALE - time.monotonic()))
        mine.seconds = 0.0
        answer = mine.opens.post(form)
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
        patch.object(answers.Answer, "fresh_for", answers.MAY_FRESH / SCALE),
        patch.object(answers.Identity, "fresh_for", answers.WHO_FRESH / SCALE),
        patch.object(inquiry, "MAY_FRESH", answers.MAY_FRESH / SCALE),
    ):
        Portal.objects.update(licence="en_company")
        yield
