"""Web processes to be measured, served as the Procfile serves them, and requests to them over loopback."""

import http.client
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import psutil
from django.conf import settings

from tests.benchmarks.world import World, processor_seconds
from tests.support.emulator import ROOT
from tests.support.processes import end, environment, until

# As the proxy hands it on.
FORM = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": "93.184.216.34"}


@dataclass(frozen=True)
class Server:
    """One web process with its supervisor."""

    port: int
    process: "subprocess.Popen[bytes]"

    def resident(self) -> float:
        """Resident memory of the process that serves, in MB (10^6 bytes)."""
        return max(worker.memory_info().rss for worker in self._workers()) / 1e6

    def processor_seconds(self) -> float:
        """What the process that serves has used so far."""
        return sum(map(processor_seconds, self._workers()))

    def _workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@dataclass(frozen=True)
class Request:
    """A form POST; ``expected`` must be in its answer, so that no error page is measured."""

    path: str
    body: bytes
    expected: bytes

    @classmethod
    def of(cls, form: Mapping[str, object], expected: bytes, **changed: str) -> "Request":
        """From a form of the emulator."""
        url = urlsplit(str(form["url"]))
        fields = form["fields"]
        assert isinstance(fields, Mapping)
        return cls(f"{url.path}?{url.query}", urlencode({**fields, **changed}).encode(), expected)


@dataclass(frozen=True)
class Load:
    """``rate`` in requests a second, ``seconds`` of each request."""

    rate: float
    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """Seconds."""
        return statistics.quantiles(self.seconds, n=20)[-1]


@dataclass(frozen=True)
class Answer:
    """What came back, good or not, and after how long."""

    status: int
    content: bytes
    seconds: float


@contextmanager
def served(world: World, module: str, **variables: str) -> Iterator[Server]:
    """One web process of ``module``; further ``variables`` of its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1", "--blocking-threads", str(settings.WEB_THREADS)]
    command += ["--log-level", "error", f"{module}:application"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(world.emulator) | {"API_CALL_FLUSH_SECONDS": "0", "PROXY_COUNT": "1"} | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port))
        yield Server(port, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            end([process])


def load(server: Server, requests: Sequence[Request], *, connections: int = 4) -> Load:
    """Send all, each connection its share, one after the other."""
    seconds: list[float] = []
    shares = [requests[start::connections] for start in range(connections)]
    threads = [threading.Thread(target=_send, args=(server, share, seconds.append)) for share in shares]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == len(requests), "some requests failed"
    return Load(len(requests) / (time.perf_counter() - begun), seconds)


def ask(server: Server, request: Request) -> Answer:
    """One request on a connection of its own."""
    connection = _connect(server)
    started = time.perf_counter()
    connection.request("POST", request.path, request.body, FORM)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return Answer(answer.status, content, time.perf_counter() - started)


def in_turns(
    targets: Mapping[str, tuple[Server, Request]], count: int, *, before: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Median seconds of a request to each target, one at a time and in turns, so that a noisy moment meets all.

    ``before`` is called ahead of each turn.
    """
    seconds: dict[str, list[float]] = {name: [] for name in targets}
    connections = {name: _connect(server) for name, (server, _) in targets.items()}
    for _ in range(count):
        before()
        for name, (_, request) in targets.items():
            seconds[name].append(_request(connections[name], request))
    return {name: statistics.median(values) for name, values in seconds.items()}


def _send(server: Server, requests: Sequence[Request], done: Callable[[float], None]) -> None:
    connection = _connect(server)
    for request in requests:
        done(_request(connection, request))


def _connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)


def _request(connection: http.client.HTTPConnection, request: Request) -> float:
    """Seconds until the whole answer is there."""
    started = time.perf_counter()
    connection.request("POST", request.path, request.body, FORM)
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - started
    assert answer.status == 200, text
    assert request.expected in text, text
    return seconds


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
