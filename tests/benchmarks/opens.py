"""Opens: warm ones against a bare Django view, cold ones against one round trip to the portal; what each costs."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portals.bitrix24.rest import php_pairs
from portals.models import Portal
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.serving import Load, Request, Server, in_turns, load, served
from tests.benchmarks.world import World
from tests.support.opens import Opens, frame_data
from widget.models import Chat

PERSON, CHAT = 3, "chat22"
NOTES = 20
ROUNDS, REQUESTS, SINGLE, COLD = 7, 800, 1_500, 40
# A portal on the internet answers after tens of milliseconds at best; the emulated one on loopback at once.
PORTAL_DELAY_MS = 100
MEMORY_ROUNDS = 5


def run(world: World, report: Report) -> None:
    """A portal with a chat of `NOTES` notes."""
    opens = Opens(world.emulator, Client())
    assert opens.install().status_code == 200
    world.emulator.control.install_finish("alpha")
    form = opens.form("alpha", PERSON, CHAT)
    api = opens.api(frame_data(opens.post(form))["session"])
    for number in range(NOTES):
        api.add(
            f"Agreement **{number}** of the meeting\n\n- [ ] call https://example.com/{number}\n- [x] done"
        )
    _counts(world, opens, form, report)
    page = opens.post(form).content
    report.fact("notes on the page", NOTES)
    report.fact("size of the page, KB", round(len(page) / 1000, 1))
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "page.html"
        template.write_text("{% verbatim %}" + page.decode() + "{% endverbatim %}{{ domain }}")
        member_id = Portal.objects.get().member_id
        bare_env = {"BENCH_TEMPLATE": str(template), "BENCH_MEMBER_ID": member_id}
        with (
            served(world, "sidebar_project.wsgi") as ours,
            served(world, "tests.benchmarks.opens_bare", **bare_env) as bare,
        ):
            _warm(ours, bare, Request.of(form, b'id="notebook"'), report)
            _cold(world, ours, form, report)
            _memory(ours, Request.of(form, b'id="notebook"'), report)


def _counts(world: World, opens: Opens, form: dict[str, Any], report: Report) -> None:
    for name in ("cold", "warm"):
        if name == "cold":
            cache.clear()
        world.emulator.control.forget_requests()
        with CaptureQueriesContext(connection) as queries:
            assert opens.post(form).status_code == 200
        report.fact(f"SQL queries of a {name} open", len(queries))
        report.fact(f"outbound calls of a {name} open", len(world.emulator.control.requests("rest")))


def _warm(ours: Server, bare: Server, request: Request, report: Report) -> None:
    plain = Request(request.path.partition("?")[0], request.body, b'id="notebook"')
    for server, one in ((ours, request), (bare, plain)):
        load(server, [one] * 200)
    many: dict[str, list[Load]] = {"ours": [], "bare": []}
    for number in range(ROUNDS):
        for name, server, one in (("bare", bare, plain), ("ours", ours, request)):
            many[name].append(load(server, [one] * REQUESTS))
        say(f"  · round {number + 1}: {many['ours'][-1].rate:.0f}/s, bare {many['bare'][-1].rate:.0f}/s")
    single = in_turns({"ours": (ours, request), "bare": (bare, plain)}, SINGLE)
    anew = in_turns({"ours": (ours, request)}, COLD * 5, before=change_all)
    note = f"baseline: no middleware, one indexed SELECT, a template of the same size; medians of {ROUNDS} rounds"
    report.add(
        Figure(
            "warm opens of one web process",
            _median([found.rate for found in many["ours"]]),
            _median([found.rate for found in many["bare"]]),
            "1/s",
            at_least=0.5,
            note=note,
        )
    )
    report.add(
        Figure(
            "time of a warm open, p50, one at a time",
            single["ours"] * 1000,
            single["bare"] * 1000,
            "ms",
            at_most=2,
        )
    )
    report.add(
        Figure(
            "the same with its page rendered anew",
            anew["ours"] * 1000,
            single["bare"] * 1000,
            "ms",
            note="as after a change of the chat; within a minute the next opens find the page kept",
        )
    )


def change_all() -> None:
    """Every chat has changed: no page of it is kept."""
    Chat.objects.update(revision=F("revision") + 1)


def _cold(world: World, ours: Server, form: dict[str, Any], report: Report) -> None:
    """Each open with another token of the same person; the round trip with the very batch that an open sends."""
    control = world.emulator.control
    control.bucket("alpha", enabled=False)
    for delay in (PORTAL_DELAY_MS, 0):
        control.fault("alpha", delay_ms=delay)
        forms = [control.open("alpha", PERSON, CHAT) for _ in range(COLD)]
        trips, opens = [], []
        with requests.Session() as session:
            _trip(session, forms[0])
            for one in forms:
                cache.clear()
                trips.append(_trip(session, one))
                cache.clear()
                opens.append(load(ours, [Request.of(one, b'id="notebook"')], connections=1).median)
        control.fault("alpha")
        report.add(
            Figure(
                f"time of a cold open, p50, portal {delay} ms away",
                _median(opens) * 1000,
                _median(trips) * 1000,
                "ms",
                at_most=1.3 if delay else None,
                note="baseline: the same batch on a kept connection",
            )
        )


def _trip(session: requests.Session, form: dict[str, Any]) -> float:
    """Seconds that the portal takes to answer the batch of a cold open."""
    commands = {
        "app": "app.info",
        "profile": "profile",
        "viewer": "im.user.get",
        "dialog": f"im.dialog.get?DIALOG_ID={CHAT}",
        "members": "im.chat.user.list?CHAT_ID=$result[dialog][id]",
        **{
            f"people_{n}": f"im.dialog.users.list?DIALOG_ID={CHAT}&LIMIT=200&OFFSET={n * 200}"
            for n in range(3)
        },
    }
    endpoint = Portal.objects.values_list("client_endpoint", flat=True).get()
    data = [*php_pairs({"halt": False, "cmd": commands}), ("auth", form["fields"]["AUTH_ID"])]
    started = time.perf_counter()
    answer = session.post(f"{endpoint}batch", data=data, timeout=10)
    seconds = time.perf_counter() - started
    assert answer.ok, answer.text
    assert not answer.json()["result"]["result_error"], answer.text
    return seconds


def _memory(ours: Server, request: Request, report: Report) -> None:
    load(ours, [request] * 1000)
    before = ours.resident()
    load(ours, [request] * 1000 * MEMORY_ROUNDS)
    report.fact("memory of a web process, MB", round(before, 1))
    report.fact("growth per 1000 warm opens, MB", round((ours.resident() - before) / MEMORY_ROUNDS, 3))


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)
