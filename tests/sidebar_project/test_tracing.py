"""A request id through web process, task and outbound call; the line of a request; what processes leave behind."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import requests
import structlog
from celery import shared_task
from django.test import Client

from portals.infrastructure.metrics import store
from portals.models import ApiCall, Portal, PortalEvent
from tests.support import leaks
from tests.support.browser import free_port
from tests.support.emulator import ROOT, Emulator
from tests.support.events import Events
from tests.support.exposed import from_zero
from tests.support.opens import Opens
from tests.support.processes import end, environment, until

GIVEN = "0f8fad5b-d9cb-469f-a165-70867728950e"


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    records = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [record for record in records if record["event"] == event]


@pytest.mark.parametrize("given", [GIVEN, "0123456789abcdef0123456789ABCDEF"])
def test_a_well_formed_id_is_kept(client: Client, caplog: pytest.LogCaptureFixture, given: str) -> None:
    caplog.set_level(logging.DEBUG)

    response = client.get("/healthz", headers={"X-Request-ID": given})

    assert response.headers["X-Request-ID"] == given
    [line] = lines(caplog, "request")
    assert line["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 20, "abcdef0123456789\nforged", "0" * 37, "a@b.example"]
)
def test_any_other_is_replaced(client: Client, given: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": given})

    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])


@pytest.mark.django_db
def test_the_line_of_a_request_has_its_route_and_nothing_that_was_sent(
    opens: Opens, installed: Callable[..., Portal], caplog: pytest.LogCaptureFixture
) -> None:
    installed()
    caplog.clear()

    opens.widget("alpha", 3, "chat22")
    opens.client.get("/api/v1/notes/7/?auth=a-secret&q=words")
    opens.client.get("/nothing/here?code=a-secret")

    keys = {"event", "method", "route", "status", "ms", "request_id", "level", "logger", "timestamp"}
    widget, note, nothing = lines(caplog, "request")
    assert widget.keys() == keys | {"open"}
    assert (widget["route"], widget["status"], widget["open"]) == ("widget/", 200, "cold")
    assert note.keys() == nothing.keys() == keys
    assert (note["route"], note["status"]) == ("api/v1/notes/<int:note_id>/", 401)
    assert (nothing["route"], nothing["status"]) == ("unmatched", 404)
    assert "a-secret" not in caplog.text.replace("/nothing/here", "")


def test_an_id_ends_with_its_request(client: Client) -> None:
    client.get("/healthz")
    assert structlog.contextvars.get_contextvars() == {}


@shared_task
def _context() -> dict[str, Any]:
    return dict(structlog.contextvars.get_contextvars())


def test_a_task_has_the_id_of_who_asked_for_it_or_one_of_its_own() -> None:
    alone = _context.apply().get()
    with structlog.contextvars.bound_contextvars(request_id=GIVEN):
        asked = _context.apply().get()

    assert re.fullmatch(r"[0-9a-f]{32}", alone["request_id"])
    assert asked["request_id"] == GIVEN
    assert alone["task"].endswith("_context")
    assert structlog.contextvars.get_contextvars() == {}


class Processes:
    """A web process and a worker with production's logs, on the database of the test."""

    def __init__(self, emulator: Emulator) -> None:
        self.port = free_port()
        self._environment = environment(emulator) | {
            "DEBUG": "false",
            "METRICS_FLUSH_SECONDS": "600",
            "API_CALL_FLUSH_SECONDS": "0.2",
        }
        self.logs: list[Path] = []
        self._running = [self._start("web", *self._web()), self._start("worker", *self._worker())]

    def end(self) -> list[int]:
        """As a deployment ends them; returns the exit codes."""
        for process in self._running:
            process.terminate()
        return [process.wait(60) for process in self._running]

    def kill(self) -> None:
        end(self._running)

    def written(self) -> list[str]:
        return [line for log in self.logs for line in log.read_text().splitlines() if line]

    def _start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        log: IO[bytes]
        with leaks.output(name) as log:
            self.logs.append(Path(log.name))
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    def _web(self) -> list[str]:
        granian = str(Path(sys.executable).parent / "granian")
        return [granian, "--interface", "wsgi", "--port", str(self.port), "sidebar_project.wsgi:application"]

    def _worker(self) -> list[str]:
        celery = [sys.executable, "-m", "celery", "--app", "sidebar_project", "worker", "--pool", "threads"]
        return [*celery, "--queues", "celery,tokens", "--concurrency", "2", "--loglevel", "INFO"]


@pytest.fixture
def processes(emulator: Emulator, transactional_db: None) -> Iterator[Processes]:
    processes = Processes(emulator)
    yield processes
    processes.kill()


def test_from_the_door_through_a_worker_to_bitrix24(
    events: Events, installed: Callable[..., Portal], processes: Processes
) -> None:
    installed()
    fields = events.sent("ONAPPINSTALL")
    ready = f"http://127.0.0.1:{processes.port}/readyz"
    until(lambda: _works(ready))
    from_zero()

    answer = requests.post(
        f"http://127.0.0.1:{processes.port}/events/", fields, headers={"X-Request-ID": GIVEN}, timeout=10
    )

    assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, GIVEN)
    until(lambda: PortalEvent.objects.filter(status="done").exists())
    until(lambda: ApiCall.objects.filter(request_id=GIVEN, method="batch").exists())
    assert ApiCall.objects.filter(request_id=GIVEN, method="oauth.app.info").exists()
    processes.end()

    ours = [json.loads(line) for line in processes.written() if line.startswith("{")]
    said = {(line["event"], line.get("task", "")) for line in ours if line.get("request_id") == GIVEN}
    assert ("request", "") in said
    assert ("event_processed", "portals.tasks.process_event") in said
    assert not [line for line in processes.written() if "POST /events/" in line]  # no second access log
    # What was counted and not yet delivered left with the processes.
    counted = {
        (sample.name, *sample.labels.values()) for metric in store.collect() for sample in metric.samples
    }
    assert ("chat_notebook_events_received_total", "ONAPPINSTALL", "stored") in counted
    assert ("chat_notebook_events_processed_total", "ONAPPINSTALL", "done") in counted


def _works(url: str) -> bool:
    try:
        checks = requests.get(url, timeout=5).json()["checks"]
    except requests.RequestException:
        return False
    return {checks[name]["state"] for name in ("database", "broker", "worker:celery", "worker:tokens")} == {
        "ok"
    }
