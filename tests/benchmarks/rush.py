"""A portal's morning: everybody opens their notebooks, and the portal's bucket is what it is.

Time passes faster: so does the rate of the bucket, and what is kept for minutes is kept shorter. Each
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
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.world import World
from tests.support.opens import Opens
from widget.access import answers, inquiry

MINUTES = 10
GROUPS, PRIVATES = 10, 2
# How many people, and how much faster time passes: as much as one interpreter serves.
RUSHES = ((300, 5), (1_000, 3))
BURST, RATE = 50, 2
THREADS = 24
Open = tuple[float, int, str]  # its moment, in emulated seconds, who, and the dialog


@override_settings(WEB_THREADS=THREADS)
def run(world: World, report: Report) -> None:
    """Report how long opens waited for the bucket, and whether each got its notebook.

    On the first morning of all the portal is asked which chats the private ones are, on the others that is known.
    """
    for users, scale in RUSHES:
        world.clean()
        opens = Opens(world.emulator, Client())
        plan = _plan(_portal(opens, users), world)
        private = [item for item in plan if item[2].isdecimal()]
        say(f"  · {users} people have been here before: {len(private)} private chats")
        for _, person, dialog in private:
            assert opens.widget("alpha", person, dialog).status_code == 200
        _rush(world, plan, users, scale, report)


def _rush(world: World, plan: list[Open], users: int, scale: int, report: Report) -> None:
    control = world.emulator.control
    control.bucket("alpha", x=BURST, y=RATE * scale, enabled=True)
    control.forget_requests()
    cache.clear()
    waits, pages = _play(world, plan, scale)
    requests = control.requests("rest")
    report.add(
        Figure(f"{users} people: opens answered with their notebook", pages, len(plan), "opens", at_least=1)
    )
    report.add(
        Figure(
            "extra wait for the bucket, p95",
            statistics.quantiles(waits, n=20)[-1],
            0.5,
            "s",
            at_most=1,
            note=f"{len(plan)} opens in {MINUTES} minutes, a new token for each",
        )
    )
    report.add(
        Figure(
            "requests to the portal, of what its bucket holds",
            len(requests),
            BURST + RATE * MINUTES * 60,
            "calls",
            at_most=0.5,
            note=f"bucket {BURST} / {RATE} per s",
        )
    )
    report.fact(f"longest wait of {users}, s", round(max(waits), 2))
    report.fact(f"calls to the authorization server for {users}", len(control.requests("oauth")))
    report.fact(f"refused by the portal of {users}", sum(r["status"] == 503 for r in requests))


def _portal(opens: Opens, users: int) -> list[int]:
    """An installed portal full of people."""
    control = opens.emulator.control
    control.settings("alpha", licence="en_company")
    control.bucket("alpha", enabled=False)
    assert opens.install().status_code == 200
    control.install_finish("alpha")
    Portal.objects.update(licence="en_ent250")  # until the rush begins
    people = [control.add_user("alpha", name=f"Person {number}") for number in range(users)]
    for number in range(GROUPS):
        control.add_chat("alpha", title=f"Team {number}", members=people, owner=people[0])
    return people


def _plan(people: list[int], world: World) -> list[Open]:
    """Everybody opens each group chat and two private ones, nobody's twice."""
    moments = random.Random(24)
    chats = world.emulator.control.portal("alpha")["chats"].values()
    groups = [f"chat{chat['id']}" for chat in chats if chat["title"].startswith("Team ")]
    plan = []
    for index, person in enumerate(people):
        privates = [str(people[(index + step) % len(people)]) for step in range(1, PRIVATES + 1)]
        for dialog in groups + privates:
            plan.append((moments.uniform(0, MINUTES * 60), person, dialog))
    assert len(plan) == len(people) * (GROUPS + PRIVATES)
    return sorted(plan)


def _play(world: World, plan: list[Open], scale: int) -> tuple[list[float], int]:
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
        time.sleep(max(0.0, begun + moment / scale - time.monotonic()))
        mine.seconds = 0.0
        answer = mine.opens.widget("alpha", person, dialog)
        connection.close()  # what a web server does after each request
        waits.append(mine.seconds * scale)
        pages.append(answer.status_code == 200 and b'id="notebook"' in answer.content)

    with _faster(sleep, scale), ThreadPoolExecutor(THREADS, initializer=begin) as pool:
        list(pool.map(play, plan))
    return waits, sum(pages)


@contextmanager
def _faster(sleep: Any, scale: int) -> Iterator[None]:
    """Time constants of the application, shorter by ``scale``."""

    def gate(client_endpoint: str, *, licence: str = "", background: bool = False) -> PortalGate:
        host = client_endpoint.split("/")[2]
        return PortalGate(host, Plan.of(licence), background, sleep=sleep)

    with (
        patch.object(limits, "STANDARD", Plan(BURST, RATE * scale)),
        patch.object(limits, "LONGEST_WAIT", limits.LONGEST_WAIT / scale),
        patch.object(PortalGate, "to", gate),
        patch.object(answers.Answer, "fresh_for", answers.MAY_FRESH / scale),
        patch.object(answers.Identity, "fresh_for", answers.WHO_FRESH / scale),
        patch.object(inquiry, "MAY_FRESH", answers.MAY_FRESH / scale),
    ):
        Portal.objects.update(licence="en_company")
        yield
