"""The inbox: events that one web process accepts, against a bare view that does one INSERT."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from django.utils import timezone

from portals.models import Portal, PortalEvent
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.world import World
from tests.support.emulator import ROOT
from tests.support.processes import end, environment, until

PORTALS = 13_000
ROUNDS = 5
REQUESTS = 1_200
CONNECTIONS = 4
KINDS = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT")
TOKEN = "a" * 32
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
Body = Callable[[int], bytes]


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
    with _served(world, "sidebar_project.wsgi") as ours, _served(world, "tests.benchmarks.bare") as bare:
        for port in (ours, bare):
            _load(port, 200)
        for number in range(ROUNDS):
            for name, port in (("bare", bare), ("ours", ours)):
                rate, p95 = _load(port, REQUESTS)
                rates[name].append(rate)
                tails[name].append(p95)
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


@contextmanager
def _served(world: World, module: str) -> Iterator[int]:
    """One web process as in the Procfile; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--workers", "1", "--blocking-threads", "4", "--log-level", "error", f"{module}:application"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(world.emulator) | {"API_CALL_FLUSH_SECONDS": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port))
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            end([process])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _load(port: int, count: int) -> tuple[float, float]:
    """Requests a second and the 95th percentile of their times in seconds."""
    bodies = [_body(number) for number in range(count)]
    seconds: list[float] = []
    share = count // CONNECTIONS

    def post(part: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for body in part:
            started = time.perf_counter()
            connection.request("POST", "/events/", body, HEADERS)
            answer = connection.getresponse()
            text = answer.read()
            seconds.append(time.perf_counter() - started)
            assert answer.status == 200, text
            assert b"stored" in text, text

    threads = [
        threading.Thread(target=post, args=(bodies[start : start + share],))
        for start in range(0, count, share)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == count, "some requests failed"
    return count / (time.perf_counter() - begun), statistics.quantiles(seconds, n=20)[-1]


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
