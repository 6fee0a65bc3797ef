"""The inbox: events that one web process accepts, against a bare view that does one INSERT."""

import os
import statistics
import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from django.utils import timezone

from portals.models import Portal, PortalEvent
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.serving import Request, load, served
from tests.benchmarks.world import World

PORTALS = 13_000
ROUNDS = 5
REQUESTS = 1_200
CONNECTIONS = 4
KINDS = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT")
TOKEN = "a" * 32


def run(world: World, report: Report) -> None:
    """Every event of another portal, so that each is stored; four kinds in turn, two of them with tokens."""
    Portal.objects.bulk_create(
        Portal(
            member_id=_member(number),
            domain=f"p{number}.example",
            client_endpoint=f"https://p{number}.example/rest/",
            status="active",
            application_token=TOKEN,
            installed_at=timezone.now(),
        )
        for number in range(PORTALS)
    )
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    tails: dict[str, list[float]] = {"ours": [], "bare": []}
    with served(world, "sidebar_project.wsgi") as ours, served(world, "tests.benchmarks.bare") as bare:
        for server in (ours, bare):
            load(server, _requests(200))
        for number in range(ROUNDS):
            for name, server in (("bare", bare), ("ours", ours)):
                found = load(server, _requests(REQUESTS), connections=CONNECTIONS)
                rates[name].append(found.rate)
                tails[name].append(found.p95)
            say(f"  · round {number + 1}: {rates['ours'][-1]:.0f}/s, bare {rates['bare'][-1]:.0f}/s")
    stored = PortalEvent.objects.exclude(event="BARE").count()
    assert stored == ROUNDS * REQUESTS + 200, f"{stored} events are stored"
    _report(report, rates, tails)


def _report(report: Report, rates: dict[str, list[float]], tails: dict[str, list[float]]) -> None:
    median = statistics.median
    report.add(
        Figure(
            "events accepted by one web process",
            ours=median(rates["ours"]),
            baseline=median(rates["bare"]),
            unit="1/s",
            at_least=0.5,
            note=f"baseline: a bare view with one INSERT; {CONNECTIONS} connections, medians of {ROUNDS} rounds",
        )
    )
    report.add(
        Figure(
            "time to answer, p95",
            ours=median(tails["ours"]) * 1000,
            baseline=median(tails["bare"]) * 1000,
            unit="ms",
            at_most=2,
        )
    )
    report.fact("events lost", 0)


def _requests(count: int) -> list[Request]:
    return [Request("/events/", _body(number), b"stored") for number in range(count)]


def _body(number: int) -> bytes:
    """An event as Bitrix24 sends it, about a kilobyte."""
    kind = KINDS[number % len(KINDS)]
    member_id = _member(next(_numbers) % PORTALS)
    fields = {
        "event": kind,
        "event_handler_id": "12",
        "data[VERSION]": "3",
        "data[LANGUAGE_ID]": "en",
        "data[CLEAN]": "0",
        "ts": str(1_790_000_000 + number),
        "auth[domain]": "acme.example",
        "auth[client_endpoint]": "https://acme.example/rest/",
        "auth[server_endpoint]": "https://oauth.bitrix.info/rest/",
        "auth[member_id]": member_id,
    }
    if kind != "ONAPPPAYMENT":
        fields["auth[application_token]"] = TOKEN
    if kind in ("ONAPPINSTALL", "ONAPPUPDATE"):
        fields |= {
            "auth[access_token]": (uuid.uuid4().hex * 3)[:70],
            "auth[refresh_token]": (uuid.uuid4().hex * 3)[:70],
            "auth[expires_in]": "3600",
            "auth[scope]": "im,placement",
            "auth[user_id]": "1",
        }
    fields["data[NONCE]"] = str(os.urandom(8).hex())
    return urlencode(fields).encode()


def _counter() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


_numbers = _counter()


def _member(number: int) -> str:
    return f"{number:032x}"
