"""Health addresses."""

import time
from typing import Any

import pytest
import redis
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from portals.infrastructure import heartbeats
from sidebar_project import health
from tests.support.emulator import Emulator
from tests.support.processes import beat, end, until

SERVICES = {"database", "cache", "broker", "migrations"}
PROCESSES = {"beat", "worker:celery", "worker:tokens"}


@pytest.fixture(autouse=True)
def _nobody_was_there() -> None:
    heartbeats._given.clear()


def everybody_lives() -> None:
    for name in heartbeats.names():
        heartbeats.give(name)


def silence(seconds: float, name: str, url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.hset("heartbeats", name, str(time.time() - seconds))


def test_healthz_needs_nothing(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_names_everything_with_its_state(client: Client) -> None:
    everybody_lives()

    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "ok")
    checks = response.json()["checks"]
    assert checks.keys() == SERVICES | PROCESSES
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert all(checks[name]["ms"] >= 0 for name in SERVICES)
    assert all(checks[name]["age_s"] < 60 for name in PROCESSES)
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db
def test_without_the_cache_the_process_serves_on(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://:a-password@127.0.0.1:1/0"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    states = {name: check["state"] for name, check in response.json()["checks"].items()}
    assert states["cache"] == "unavailable"
    assert (states["database"], states["broker"]) == ("ok", "ok")
    assert {states[name] for name in PROCESSES} == {"unknown"}
    assert b"127.0.0.1" not in response.content
    assert b"a-password" not in response.content


@pytest.mark.django_db
def test_without_the_broker_the_process_serves_on(client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["broker"]["state"] == "unavailable"
    assert response.json()["checks"]["cache"]["state"] == "ok"


@pytest.mark.django_db
def test_migrations_are_looked_at_until_they_are_applied(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    migrations = health._Migrations()
    monkeypatch.setitem(health._SERVICES, "migrations", migrations)
    last = MigrationLoader(None).graph.leaf_nodes("widget")[0]
    MigrationRecorder(connection).record_unapplied(*last)
    pending = client.get("/readyz")
    MigrationRecorder(connection).record_applied(*last)
    applied = client.get("/readyz")

    assert (pending.status_code, pending.json()["checks"]["migrations"]["state"]) == (503, "pending")
    assert (applied.status_code, applied.json()["checks"]["migrations"]["state"]) == (200, "ok")
    with django_assert_num_queries(0):
        assert migrations() == "ok"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_silent_process_is_named_but_people_are_still_served(
    client: Client, settings: Any, name: str
) -> None:
    everybody_lives()
    silence(600, name, settings.REDIS_URL)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    states = {key: check["state"] for key, check in response.json()["checks"].items()}
    assert states.pop(name) == "silent"
    assert set(states.values()) == {"ok"}


@pytest.mark.django_db
def test_who_was_never_there_is_named_too(client: Client) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["beat"] == {"state": "never_seen"}


@pytest.mark.django_db(transaction=True)
def test_the_scheduler_gives_signs_of_its_own(client: Client, emulator: Emulator) -> None:
    process = beat(emulator)
    try:
        until(lambda: client.get("/readyz").json()["checks"]["beat"]["state"] == "ok")
        assert process.poll() is None
    finally:
        end([process])


def test_a_sign_of_life_never_stops_its_giver(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    heartbeats.give(heartbeats.BEAT)
