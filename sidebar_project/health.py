"""Health: ``/healthz`` says that the process is up, ``/readyz`` that all it needs answers.

What no request can do without makes the process unready (503): load balancers should send people elsewhere. Redis
and a silent scheduler or worker do not: opens, notes and the door for events work without them, in every process
alike, so the answer is 200 and "degraded", and an alert (deploy/prometheus/alerts.yml) calls somebody.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import redis
import structlog
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portals.infrastructure import heartbeats
from portals.infrastructure.shared import broker_client, redis_client

log = structlog.get_logger(__name__)

OK: Final = "ok"


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one thing: "ok", or what is wrong without the text of an exception; ``facts`` are numbers."""

    state: str
    facts: Mapping[str, float]

    @property
    def ok(self) -> bool:
        return self.state == OK


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process can serve a request."""
    return JsonResponse({"status": OK})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if what no request can do without works, else 503; the body names every check with its state."""
    services, processes = check_services(), check_processes()
    ready = all(services[name].ok for name in _NEEDED)
    well = all(check.ok for check in [*services.values(), *processes.values()])
    body = {
        "status": OK if well else "degraded" if ready else "unavailable",
        "checks": {
            name: {"state": check.state, **check.facts} for name, check in (services | processes).items()
        },
    }
    return JsonResponse(body, status=200 if ready else 503)


def check_services() -> dict[str, Check]:
    """What requests use, with the milliseconds each took to answer."""
    return {name: _timed(name, probe) for name, probe in _SERVICES.items()}


def check_processes() -> dict[str, Check]:
    """Who works beside the web processes, with the seconds since the last sign of life."""
    try:
        ages = heartbeats.ages()
    except redis.RedisError:
        return {name: Check("unknown", {}) for name in heartbeats.names()}
    return {name: _process(name, age) for name, age in ages.items()}


def _process(name: str, age: float | None) -> Check:
    if age is None:
        return Check("never_seen", {})
    return Check(OK if heartbeats.alive(name, age) else "silent", {"age_s": round(age, 1)})


def _timed(name: str, probe: Callable[[], str]) -> Check:
    started = time.monotonic()
    try:
        state = probe()
    except Exception as error:  # noqa: BLE001 - whatever fails, the answer is the same
        log.warning("check_failed", check=name, reason=type(error).__name__)
        state = "unavailable"
    return Check(state, {"ms": round((time.monotonic() - started) * 1000, 1)})


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _cache() -> str:
    # A write: a replica or a full server would answer a ping.
    redis_client().set("readyz", 1, ex=60)
    return OK


def _broker() -> str:
    broker_client().llen("celery")
    return OK


class _Migrations:
    """Looks until all are applied, then never again: nobody unapplies one under a running process."""

    def __init__(self) -> None:
        self._applied = False

    def __call__(self) -> str:
        if not self._applied:
            executor = MigrationExecutor(connection)
            self._applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return OK if self._applied else "pending"


_SERVICES: Final[Mapping[str, Callable[[], str]]] = {
    "database": _database,
    "cache": _cache,
    "broker": _broker,
    "migrations": _Migrations(),
}
_NEEDED: Final = ("database", "migrations")
