"""The database refuses everybody, or restarted a moment ago: what people and Bitrix24 are answered."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, LiteralString

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from psycopg import sql

from portals import tasks
from portals.incoming.events import spool
from portals.infrastructure.shared import redis_client
from portals.models import Portal, PortalEvent
from tests.support.events import Events
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = "chat21"
Switch = Callable[[], None]


@pytest.fixture
def hang_up() -> Switch:
    """End every connection, as a restart does."""
    name = connection.settings_dict["NAME"]

    def end() -> None:
        connection.close()  # Django's test client leaves out what a server does after each request
        with _server() as server:
            server.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    return end


@pytest.fixture
def away(hang_up: Switch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    """Take the database away; it comes back with the end of the test, or when `back` is called."""
    pool: Any = connection.pool  # type: ignore[attr-defined]
    monkeypatch.setattr(pool, "timeout", 0.5)

    def take() -> None:
        _allow(allowed=False)
        hang_up()

    yield take
    back()


@pytest.fixture
def read_only(hang_up: Switch) -> Iterator[Switch]:
    """Leave a server that takes no writes, as a failover behind a proxy does; `writable` ends that."""

    def leave() -> None:
        _default("SET default_transaction_read_only = on")
        hang_up()

    yield leave
    writable()
    hang_up()


def writable() -> None:
    """For new connections; open ones stay as they are."""
    _default("RESET default_transaction_read_only")


def _default(change: LiteralString) -> None:
    name = sql.Identifier(connection.settings_dict["NAME"])
    with _server() as server:
        server.execute(sql.SQL("ALTER DATABASE {} ").format(name) + sql.SQL(change))


def back() -> None:
    _allow(allowed=True)
    connection.close()


def _allow(*, allowed: bool) -> None:
    name = sql.Identifier(connection.settings_dict["NAME"])
    with _server() as server:
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, sql.Literal(allowed)))


def _server() -> psycopg.Connection[Any]:
    """A connection to another database of the same server."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


@pytest.fixture
def full_pool() -> None:
    """Every connection that the pool may have was used and given back."""
    connection.close()  # the one that this thread has in hand
    pool: Any = connection.pool  # type: ignore[attr-defined]
    for held in [pool.getconn() for _ in range(pool.max_size)]:
        pool.putconn(held)


@pytest.mark.usefixtures("full_pool")
def test_nobody_sees_a_restart(
    opens: Opens, installed: Callable[..., Portal], hang_up: Switch, events: Events
) -> None:
    installed()
    form = opens.form("alpha", 1, CHAT)
    assert opens.post(form).status_code == 200
    hang_up()
    assert opens.post(form).status_code == 200
    fields = events.sent("ONAPPINSTALL")
    hang_up()
    assert events.post(fields).json() == {"receipt": "stored"}


def test_an_open_says_so_and_tries_again(
    opens: Opens, installed: Callable[..., Portal], away: Switch
) -> None:
    portal = installed()
    form = opens.form("alpha", 1, CHAT)
    away()
    for _ in range(2):
        response = opens.post(form)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
        assert portal.origin in response.headers["Content-Security-Policy"]
        assert 'data-after="5"' in response.content.decode()
        assert "<code>unavailable</code>" in response.content.decode()
    back()
    assert opens.post(form).status_code == 200


def test_the_api_answers_a_problem(opens: Opens, installed: Callable[..., Portal], away: Switch) -> None:
    installed()
    api = opens.api(frame_data(opens.widget("alpha", 1, CHAT))["session"])
    away()
    response = api.call("POST", "notes/", {"text": "Kept in the page until it can be saved"})
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "5"
    assert response.json()["code"] == "unavailable"
    back()
    assert api.call("POST", "notes/", {"text": "Now it can"}).status_code == 201


def test_an_event_waits_in_the_spool(events: Events, installed: Callable[..., Portal], away: Switch) -> None:
    installed()
    fields = events.sent("ONAPPINSTALL")
    away()
    response = events.post(fields)
    assert (response.status_code, response.json()) == (202, {"receipt": "spooled"})
    kept = redis_client().lrange("events:spool", 0, -1)
    assert fields["auth[access_token]"] not in str(kept)
    back()
    tasks.dispatch_events()
    assert PortalEvent.objects.get(event="ONAPPINSTALL").member_id == fields["auth[member_id]"]
    assert redis_client().llen("events:spool") == 0


def test_the_spool_lets_in_nobody_whom_the_door_refuses(
    events: Events, installed: Callable[..., Portal], away: Switch
) -> None:
    installed()
    fields = events.sent("ONAPPINSTALL")
    away()
    forged = events.post(fields, event="ONAPPUNINSTALL", auth__application_token="f" * 32)
    assert forged.status_code == 202
    large = {f"data__FIELD{number}": "x" * 250 for number in range(40)}
    assert events.post(fields, **large).status_code == 503
    back()
    tasks.dispatch_events()
    assert not PortalEvent.objects.filter(event="ONAPPUNINSTALL").exists()
    assert redis_client().llen("events:spool") == 0


def test_a_full_spool_takes_no_more(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_MOST", 1)
    assert spool.keep({"event": "ONAPPUPDATE"})
    assert not spool.keep({"event": "ONAPPUPDATE"})


def test_without_redis_either_nothing_is_promised(
    events: Events, installed: Callable[..., Portal], away: Switch, settings: Any
) -> None:
    installed()
    fields = events.sent("ONAPPINSTALL")
    away()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = events.post(fields)
    assert (response.status_code, response.json()) == (503, {"error": "unavailable"})
    assert response.headers["Retry-After"] == "5"


def test_the_process_is_up_and_not_ready(client: Client, away: Switch) -> None:
    away()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_operators_get_a_page_as_well(client: Client, away: Switch) -> None:
    away()
    response = client.post("/admin/login/", {"username": "operator", "password": "operator"})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "Traceback" not in response.content.decode()


def test_on_a_read_only_database_everybody_is_told(
    opens: Opens, installed: Callable[..., Portal], read_only: Switch, client: Client
) -> None:
    installed()
    api = opens.api(frame_data(opens.widget("alpha", 1, CHAT))["session"])
    read_only()
    problem = api.call("POST", "notes/", {"text": "Kept in the page until it can be saved"})
    login = client.post("/admin/login/", {"username": "operator", "password": "operator"})
    installing = opens.install("alpha")
    assert (problem.status_code, problem.json()["code"]) == (503, "unavailable")
    assert (installing.status_code, installing.headers["Retry-After"]) == (503, "5")
    assert (login.status_code, login.headers["Retry-After"]) == (503, "5")


def test_an_event_on_a_read_only_database_waits_in_the_spool(
    events: Events, installed: Callable[..., Portal], read_only: Switch, hang_up: Switch
) -> None:
    installed()
    fields = events.sent("ONAPPINSTALL")
    read_only()
    assert events.post(fields).json() == {"receipt": "spooled"}
    writable()
    hang_up()
    tasks.dispatch_events()
    assert PortalEvent.objects.get(event="ONAPPINSTALL").member_id == fields["auth[member_id]"]


@pytest.mark.parametrize("within", [nullcontext, transaction.atomic])
def test_a_connection_that_takes_no_writes_is_not_given_back(
    read_only: Switch, within: Callable[[], AbstractContextManager[None]]
) -> None:
    """The pool would find it well, and hand it out for ever."""
    read_only()
    connection.ensure_connection()
    refused = connection.connection
    with pytest.raises(OperationalError), within():
        Portal.objects.create(member_id="a" * 32)
    connection.close()
    assert refused.closed
