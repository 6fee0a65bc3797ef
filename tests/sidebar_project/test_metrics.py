"""``/metrics``: who may read it, what it says after a day, and what asking costs."""

from typing import Any

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portals.infrastructure import heartbeats
from tests.support.day import live
from tests.support.events import Events
from tests.support.exposed import from_zero, scrape, value
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _from_zero() -> None:
    heartbeats._given.clear()
    from_zero()


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "metrics-token-of-the-tests"])
def test_nobody_reads_it_without_the_token(client: Client, given: str) -> None:
    response = client.get("/metrics", headers={"Authorization": given})

    assert response.status_code == 401
    assert b"chat_notebook" not in response.content


def test_without_a_token_in_the_settings_it_is_not_there(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_in_development_nobody_needs_one(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN, settings.DEBUG = "", True

    assert b"chat_notebook_portals{" in client.get("/metrics").content


def test_a_day_is_counted(opens: Opens, events: Events) -> None:
    live(opens, events)

    seen = scrape(opens.client)

    opened = "chat_notebook_opens_total"
    for outcome in ("cold", "warm"):
        assert value(seen, opened, page="widget", outcome=outcome) >= 1
        assert value(seen, "chat_notebook_open_seconds_count", page="widget", outcome=outcome) >= 1
    assert value(seen, opened, page="widget", outcome="refused", reason="no_access") == 1
    assert value(seen, opened, page="widget", outcome="refused", reason="portal_unreachable") == 1
    assert value(seen, opened, page="install", outcome="served") == 1
    assert value(seen, opened, page="application", outcome="served") == 1
    calls = "chat_notebook_calls_total"
    assert value(seen, calls, target="portal", method="batch", code="ok") >= 3
    assert value(seen, calls, method="app.info", code="ok") >= 1
    assert value(seen, calls, method="token", code="ok") >= 1
    assert value(seen, "chat_notebook_token_refreshes_total", outcome="refreshed") >= 1
    received = "chat_notebook_events_received_total"
    assert value(seen, received, event="ONAPPUNINSTALL", receipt="stored") == 1
    assert value(seen, received, event="refused") == 1
    assert value(seen, "chat_notebook_events_processed_total", event="ONAPPUNINSTALL", outcome="done") == 1
    moved = "chat_notebook_portal_transitions_total"
    assert value(seen, moved, new="active", reason="installed") == 1
    assert value(seen, moved, new="deleted") == 1
    requests = "chat_notebook_requests_total"
    assert value(seen, requests, route="api/v1/notes/", method="POST", code="201") == 1
    assert value(seen, requests, route="api/v1/notes/", method="POST", code="400") == 1
    assert value(seen, "chat_notebook_api_refusals_total", reason="invalid") == 1
    assert value(seen, "chat_notebook_limiter_wait_seconds_count", work="open") >= 1
    assert value(seen, "chat_notebook_limiter_refusals_total", work="open", reason="full") >= 1
    assert value(seen, "chat_notebook_breaker_trips_total", target="portal") == 1
    assert value(seen, "chat_notebook_breakers_open", target="portal") == 1
    assert value(seen, "chat_notebook_portals", status="deleted") == 1
    assert value(seen, "chat_notebook_check_up", check="database") == 1


def test_a_queue_that_nobody_empties_shows(client: Client, settings: Any) -> None:
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        broker.lpush("tokens", "a", "b", "c")
        try:
            assert value(scrape(client), "chat_notebook_queue_length", queue="tokens") == 3
        finally:
            broker.delete("tokens")


def test_asking_costs_the_same_whatever_there_is(client: Client) -> None:
    scrape(client)

    with CaptureQueriesContext(connection) as queries:
        scrape(client)

    asked = [query["sql"] for query in queries]
    # The database's health, the backlog of tokens and of events; tables are counted once a minute.
    assert len(asked) == 3, asked
    assert all("LIMIT 10000" in sql for sql in asked if "portals_" in sql), asked


def test_without_redis_it_says_so_and_nothing_that_is_wrong(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    seen = scrape(client)

    assert value(seen, "chat_notebook_check_up", check="cache") == 0
    assert value(seen, "chat_notebook_check_up", check="database") == 1
    assert not [name for name, _ in seen if name.endswith("_total")]
