"""Many at once: of one portal, of a portal that is slow beside one that is not, and of hundreds of portals.

Bitrix24 and its authorization server answer after `DELAY_MS`. One web process, but for the last part.
"""

import random
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import requests
from django.core.cache import cache
from django.test import Client

from portals.infrastructure.shared import redis_client
from portals.models import Portal
from tests.benchmarks.opens import DELAY_MS, NOTEBOOK, batch_of
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.serving import Answer, Request, Server, ask, served
from tests.benchmarks.world import World
from tests.support.emulator import Emulator
from tests.support.opens import Opens

CROWD = 50
SLOW, SLOW_MS, OTHERS = 200, 4_500, 50
PORTALS, A_MINUTE, SECONDS = 500, 1_000, 60
Form = dict[str, Any]


def run(world: World, report: Report) -> None:
    """Two portals full of people, then hundreds."""
    opens = Opens(world.emulator, Client())
    people = {key: _portal(opens, key) for key in ("alpha", "beta")}
    with served(world, "sidebar_project.wsgi") as server:
        _warm_up(world, server, people)
        _at_once(world, server, people["alpha"], report)
        _beside_a_slow_one(world, server, people, report)
    _many_portals(world, report)


def _portal(opens: Opens, key: str) -> list[int]:
    """An installed one, and `SLOW` people in it who have a chat of their own each."""
    control = opens.emulator.control
    control.settings(key, licence="en_company")  # the smaller of the two limits
    assert opens.install(key).status_code == 200
    control.install_finish(key)
    return [control.add_user(key, name=f"Person {number}") for number in range(SLOW + 1)]


def _warm_up(world: World, server: Server, people: dict[str, list[int]]) -> None:
    """Connections, threads and what a process loads with its first requests."""
    control = world.emulator.control
    control.bucket("alpha", enabled=False)
    forms = [control.open("alpha", person, str(people["alpha"][0])) for person in people["alpha"][1:61]]
    _together(server, forms)


def _at_once(world: World, server: Server, people: list[int], report: Report) -> None:
    """Everybody opens another chat, nobody is known: what the portal's bucket holds is what they need."""
    control = world.emulator.control
    for name in ("unknown", "known"):
        cache.clear()
        forms = [control.open("alpha", person, str(people[-1])) for person in people[:CROWD]]
        control.fault("alpha", delay_ms=DELAY_MS)
        control.fault("oauth", delay_ms=DELAY_MS)
        control.bucket("alpha", x=50, y=2, enabled=True)
        if name == "known":
            control.bucket("alpha", enabled=False)
            _together(server, forms)
            forms = [control.open("alpha", person, str(people[-1])) for person in people[:CROWD]]
        control.bucket("alpha", x=50, y=2, enabled=True)
        needed = _bare(forms) if name == "unknown" else _bare(forms, world.emulator.oauth_url)
        control.bucket("alpha", x=50, y=2, enabled=True)
        if name == "unknown":
            cache.clear()
        answers = _together(server, forms)
        served_now = sum(answer.status == 200 and NOTEBOOK in answer.content for answer in answers)
        report.add(
            Figure(
                f"{CROWD} {name} people at once, let in at the first try",
                served_now,
                CROWD,
                "opens",
                at_least=1,
            )
        )
        report.add(
            Figure(
                "the last of them",
                max(answer.seconds for answer in answers) * 1000,
                needed * 1000,
                "ms",
                at_most=1.5,
                note="baseline: the calls that they need, all at once, by a client that does nothing else",
            )
        )
    control.fault("alpha")
    control.fault("oauth")


def _bare(forms: Sequence[Form], oauth_url: str = "") -> float:
    """Seconds until the last of the calls of these opens is answered; refused ones are repeated as we are told."""
    endpoint = Portal.objects.values_list("client_endpoint", flat=True).get(
        member_id=forms[0]["fields"]["member_id"]
    )

    def call(form: Form) -> None:
        token = form["fields"]["AUTH_ID"]
        while True:
            if oauth_url:
                answer = requests.post(f"{oauth_url}/rest/app.info", data={"auth": token}, timeout=30)
            else:
                answer = requests.post(f"{endpoint}batch", data=batch_of(form), timeout=30)
            if answer.status_code != 503:
                assert answer.ok, answer.text
                return
            time.sleep(0.5)

    started = time.perf_counter()
    with ThreadPoolExecutor(len(forms)) as pool:
        list(pool.map(call, forms))
    return time.perf_counter() - started


def _together(server: Server, forms: Sequence[Form]) -> list[Answer]:
    """Each from a thread of its own, all at the same moment."""
    barrier = threading.Barrier(len(forms))

    def go(form: Form) -> Answer:
        barrier.wait()
        return ask(server, Request.of(form, NOTEBOOK))

    with ThreadPoolExecutor(len(forms)) as pool:
        return list(pool.map(go, forms))


def _beside_a_slow_one(world: World, server: Server, people: dict[str, list[int]], report: Report) -> None:
    """`SLOW` opens wait for a portal, while those of another one flow."""
    control = world.emulator.control
    redis_client().flushdb()  # what the buckets hold of the crowd before
    for key in people:
        # What is waited for here is a network and no work of the portal, whose time would be limited as well.
        control.bucket(key, enabled=False, operating_limit=1_000_000)
        control.settings(key, licence="en_ent250")
    Portal.objects.update(licence="en_ent250")
    control.fault("beta", delay_ms=DELAY_MS)
    control.fault("oauth", delay_ms=DELAY_MS)
    first, *others = people["beta"]
    ask(server, Request.of(control.open("beta", others[0], str(first)), NOTEBOOK))

    def flow() -> list[float]:
        forms = [control.open("beta", others[0], str(first)) for _ in range(OTHERS)]
        return [ask(server, Request.of(form, NOTEBOOK)).seconds for form in forms]

    flow()
    alone = flow()
    crowd = [
        control.open("alpha", person, str(people["alpha"][SLOW - 2])) for person in people["alpha"][:SLOW]
    ]
    control.fault("alpha", delay_ms=SLOW_MS)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_together, server, crowd)
        time.sleep(SLOW_MS / 1000 * 0.25)  # all of them are at the portal
        beside = flow()
        assert not waiting.done(), "the flow took longer than the crowd waited"
    control.fault("alpha")
    control.fault("beta")
    control.fault("oauth")
    let_in = sum(answer.status == 200 for answer in waiting.result())
    report.add(
        Figure(
            f"{SLOW} people of a portal {SLOW_MS / 1000:g} s away, let in at the first try",
            let_in,
            SLOW,
            "opens",
            at_least=1,
        )
    )
    for name, share in (("p50", statistics.median), ("p95", _p95)):
        report.add(
            Figure(
                f"opens of another portal meanwhile, {name}",
                share(beside) * 1000,
                share(alone) * 1000,
                "ms",
                at_most=1.5,
                note="baseline: the same opens before, with nobody waiting",
            )
        )


def _many_portals(world: World, report: Report) -> None:
    """`A_MINUTE` opens a minute over `PORTALS` portals on two processes."""
    say(f"  · {PORTALS} portals install")
    with Emulator(portals=PORTALS, app_url=world.emulator.app_url) as emulator:
        _many(World(emulator, world.folder), report)


def _many(world: World, report: Report) -> None:
    control = world.emulator.control
    world.clean()
    from django.conf import settings  # noqa: PLC0415

    settings.BITRIX24_OAUTH_URL = world.emulator.oauth_urls
    opens = Opens(world.emulator, Client())
    keys = list(world.emulator.portals)
    dialogs = {}
    for key in keys:
        assert opens.install(key).status_code == 200
        control.install_finish(key)
        dialogs[key] = f"chat{control.add_chat(key, title='Team', members=[1, 2], owner=1)}"
        control.fault(key, delay_ms=DELAY_MS)
    control.fault("oauth", delay_ms=DELAY_MS)
    cache.clear()
    chosen = random.Random(7)
    count = A_MINUTE * SECONDS // 60
    plan = sorted(
        (chosen.uniform(0, SECONDS), control.open(key, chosen.choice((1, 2)), dialogs[key]))
        for key in (chosen.choice(keys) for _ in range(count))
    )
    with ExitStack() as stack:
        servers = [stack.enter_context(served(world, "sidebar_project.wsgi")) for _ in range(2)]
        answers = _played(servers, [(moment, Request.of(form, NOTEBOOK)) for moment, form in plan])
    good = sum(answer.status == 200 and NOTEBOOK in answer.content for answer in answers)
    report.add(
        Figure(
            f"{A_MINUTE:,} opens a minute over {PORTALS} portals, two processes",
            good,
            count,
            "opens",
            at_least=1,
        )
    )
    report.add(
        Figure(
            "p95 of them, in round trips",
            _p95([answer.seconds for answer in answers]) * 1000,
            DELAY_MS,
            "ms",
            at_most=2,
            note=f"baseline: the delay of {DELAY_MS} ms by itself",
        )
    )


def _played(servers: Sequence[Server], plan: Sequence[tuple[float, Request]]) -> list[Answer]:
    begun = time.monotonic()

    def go(number: int, moment: float, request: Request) -> Answer:
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        return ask(servers[number % len(servers)], request)

    with ThreadPoolExecutor(64) as pool:
        return list(pool.map(lambda item: go(item[0], *item[1]), enumerate(plan)))


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
