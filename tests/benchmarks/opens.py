"""Opens as they come, each with a token never seen before, and reloads; what each costs.

Bitrix24 and its authorization server answer after `DELAY_MS`, as near ones on the internet do.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
ROUNDS, REQUESTS, SINGLE, ANEW = 7, 800, 1_500, 40
DELAY_MS = 50
MEMORY_ROUNDS = 5
NOTEBOOK = b'id="notebook"'
Form = dict[str, Any]


def run(world: World, report: Report) -> None:
    """A portal with a chat of `NOTES` notes."""
    opens = Opens(world.emulator, Client())
    assert opens.install().status_code == 200
    world.emulator.control.install_finish("alpha")
    world.emulator.control.bucket("alpha", enabled=False)
    form = opens.form("alpha", PERSON, CHAT)
    api = opens.api(frame_data(opens.post(form))["session"])
    for number in range(NOTES):
        api.add(
            f"Agreement **{number}** of the meeting\n\n- [ ] call https://example.com/{number}\n- [x] done"
        )
    _counts(world, opens, report)
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
            request = Request.of(form, NOTEBOOK)
            _known(world, ours, bare, request, report)
            _unknown(world, ours, report)
            _reload(ours, bare, request, report)
            _memory(ours, request, report)


def _counts(world: World, opens: Opens, report: Report) -> None:
    control = world.emulator.control
    form = opens.form("alpha", PERSON, CHAT)
    for name in ("of an unknown viewer", "of a known viewer, new token", "that is a reload"):
        if name == "of an unknown viewer":
            cache.clear()
        elif name == "of a known viewer, new token":
            form = opens.form("alpha", PERSON, CHAT)
        control.forget_requests()
        with CaptureQueriesContext(connection) as queries:
            assert opens.post(form).status_code == 200
        report.fact(f"SQL queries of an open {name}", len(queries))
        report.fact(f"calls to the portal of an open {name}", len(control.requests("rest")))
        report.fact(f"calls to the authorization server of an open {name}", len(control.requests("oauth")))


def _known(world: World, ours: Server, bare: Server, request: Request, report: Report) -> None:
    """Somebody who was here a moment ago: the portal has made a new token."""
    load(ours, [Request.of(world.emulator.control.open("alpha", PERSON, CHAT), NOTEBOOK)])
    with _delayed(world) as forms:
        trips, opens = _in_turns(ours, forms, lambda session, form: _named(world, session, form))
    report.add(
        Figure(
            "an open of a known viewer, new token, p50",
            opens * 1000,
            trips * 1000,
            "ms",
            at_most=1.15,
            note=f"baseline: the one call it makes, on a kept connection; {DELAY_MS} ms away",
        )
    )
    plain = Request(request.path.partition("?")[0], request.body, NOTEBOOK)
    known = [Request.of(world.emulator.control.open("alpha", PERSON, CHAT), NOTEBOOK) for _ in range(400)]
    report.add(
        Figure(
            "its processor time",
            _processor_ms(ours, known),
            _processor_ms(bare, [plain] * len(known)),
            "ms",
            at_most=2.5,
            note="baseline: the bare view of the reload below",
        )
    )


def _unknown(world: World, ours: Server, report: Report) -> None:
    """Somebody who was not here within the hour."""
    with _delayed(world) as forms:
        trips, opens = _in_turns(ours, forms, _batch, before=cache.clear)
    report.add(
        Figure(
            "an open of an unknown viewer, p50",
            opens * 1000,
            trips * 1000,
            "ms",
            at_most=1.3,
            note=f"baseline: the same batch on a kept connection; {DELAY_MS} ms away",
        )
    )


@contextmanager
def _delayed(world: World) -> Iterator[list[Form]]:
    """Bitrix24 as far away as it is, and forms with a new token each."""
    control = world.emulator.control
    forms = [control.open("alpha", PERSON, CHAT) for _ in range(ANEW)]
    control.fault("alpha", delay_ms=DELAY_MS)
    control.fault("oauth", delay_ms=DELAY_MS)
    yield forms
    control.fault("alpha")
    control.fault("oauth")


def _in_turns(
    ours: Server,
    forms: Sequence[Form],
    trip: Callable[[requests.Session, Form], float],
    *,
    before: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Median seconds of the call alone and of the open, in turns."""
    trips, opens = [], []
    with requests.Session() as session:
        trip(session, forms[0])
        for form in forms:
            trips.append(trip(session, form))
            before()
            opens.append(load(ours, [Request.of(form, NOTEBOOK)], connections=1).median)
    return statistics.median(trips), statistics.median(opens)


def _named(world: World, session: requests.Session, form: Form) -> float:
    """Seconds that the authorization server takes to say whose a token is."""
    started = time.perf_counter()
    url = f"{world.emulator.oauth_url}/rest/app.info"
    answer = session.post(url, data={"auth": form["fields"]["AUTH_ID"]}, timeout=10)
    seconds = time.perf_counter() - started
    assert answer.ok, answer.text
    return seconds


def batch_of(form: Form) -> list[tuple[str, str]]:
    """The form of the batch that an unknown viewer's open sends."""
    commands = {
        "app": "app.info",
        "profile": "profile",
        "viewer": "im.user.get",
        "dialog": f"im.dialog.get?DIALOG_ID={CHAT}",
        "members": "im.chat.user.list?CHAT_ID=$result[dialog][id]",
        **{
            f"people_{n}": f"im.dialog.users.list?DIALOG_ID={CHAT}&LIMIT=200&OFFSET={n * 200}"
            for n in range(5)
        },
    }
    return [*php_pairs({"halt": False, "cmd": commands}), ("auth", form["fields"]["AUTH_ID"])]


def _batch(session: requests.Session, form: Form) -> float:
    """Seconds that the portal takes to answer it."""
    endpoint = Portal.objects.values_list("client_endpoint", flat=True).get()
    data = batch_of(form)
    started = time.perf_counter()
    answer = session.post(f"{endpoint}batch", data=data, timeout=10)
    seconds = time.perf_counter() - started
    assert answer.ok, answer.text
    assert not answer.json()["result"]["result_error"], answer.text
    return seconds


def _processor_ms(server: Server, requests: Sequence[Request]) -> float:
    """Milliseconds of processor time of the process for each of these."""
    before = server.processor_seconds()
    load(server, requests, connections=1)
    return (server.processor_seconds() - before) * 1000 / len(requests)


def _reload(ours: Server, bare: Server, request: Request, report: Report) -> None:
    plain = Request(request.path.partition("?")[0], request.body, NOTEBOOK)
    for server, one in ((ours, request), (bare, plain)):
        load(server, [one] * 200)
    many: dict[str, list[Load]] = {"ours": [], "bare": []}
    for number in range(ROUNDS):
        for name, server, one in (("bare", bare, plain), ("ours", ours, request)):
            many[name].append(load(server, [one] * REQUESTS))
        say(f"  · round {number + 1}: {many['ours'][-1].rate:.0f}/s, bare {many['bare'][-1].rate:.0f}/s")
    single = in_turns({"ours": (ours, request), "bare": (bare, plain)}, SINGLE)
    anew = in_turns({"ours": (ours, request)}, ANEW * 5, before=change_all)
    note = f"baseline: no middleware, one indexed SELECT, a template of the same size; medians of {ROUNDS} rounds"
    report.add(
        Figure(
            "reloads of one web process",
            statistics.median(found.rate for found in many["ours"]),
            statistics.median(found.rate for found in many["bare"]),
            "1/s",
            at_least=0.5,
            note=note,
        )
    )
    report.add(
        Figure(
            "time of a reload, p50, one at a time",
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


def _memory(ours: Server, request: Request, report: Report) -> None:
    load(ours, [request] * 1000)
    before = ours.resident()
    load(ours, [request] * 1000 * MEMORY_ROUNDS)
    report.fact("memory of a web process, MB", round(before, 1))
    report.fact("growth per 1000 reloads, MB", round((ours.resident() - before) / MEMORY_ROUNDS, 3))
