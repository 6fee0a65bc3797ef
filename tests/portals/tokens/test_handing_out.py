"""Periodic work: as much as is due and workers take, behind everything that came from outside."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from portals import tasks
from portals.incoming.events.wakeups import Wakeups
from portals.infrastructure.shared import broker_client
from portals.lifecycle import install
from portals.models import Portal, PortalEvent
from tests.support.many import portals

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker() -> Iterator[Any]:
    client = broker_client()
    client.flushdb()
    yield client
    client.flushdb()


@pytest.fixture
def due() -> int:
    """Portals to look at, whose handlers are of an older declaration."""
    first = Portal.objects.create(
        member_id="f" * 32,
        domain="a.example",
        client_endpoint="https://a.example/rest/",
        status="active",
        handlers_digest="older",
        presence_due_at=timezone.now(),
    )
    portals(first, 1499)
    return 1500


@pytest.mark.parametrize("task", [tasks.check_presence, tasks.reconcile_stale])
def test_all_that_is_due_goes_out_as_workers_take_it(broker: Any, due: int, task: Any) -> None:
    task()
    assert tasks.background_length() == 1000
    task()
    assert tasks.background_length() == 1000, "no portal goes out twice, and the queue does not grow"
    broker.flushdb()
    task()
    assert tasks.background_length() == due - 1000
    broker.flushdb()
    task()
    assert tasks.background_length() == 0


def test_what_came_from_outside_goes_first(broker: Any, due: int) -> None:
    tasks.check_presence()
    PortalEvent.objects.create(member_id="f" * 32, event="ONAPPUPDATE", dedup_key="k")
    tasks.dispatch_events()
    with current_app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=5)
        assert message.headers["task"] == tasks.process_event.name
        message.ack()


def test_no_message_waits_for_a_time_of_its_own(broker: Any, due: int) -> None:
    """What has to wait waits in the database: a message with a countdown is repeated by the broker each hour."""
    tasks.check_presence()
    tasks.reconcile_stale()
    PortalEvent.objects.create(member_id="f" * 32, event="ONAPPUPDATE", dedup_key="k")
    tasks.dispatch_events()
    with current_app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        for _ in range(50):
            message: Any = queue.get(timeout=5)
            assert message.headers["eta"] is None
            message.ack()


def test_without_workers_calls_of_the_dispatcher_do_not_fill_the_broker(broker: Any) -> None:
    assert [tasks.call_dispatcher() for _ in range(40)] == [True] * 21 + [False] * 19
    assert broker.llen("celery") == 21


def test_an_event_is_called_out_soon_whoever_is_busy() -> None:
    called = threading.Event()
    answers = iter([False, True])

    def wake() -> bool:
        answer = next(answers)
        if answer:
            called.set()
        return answer

    Wakeups(wake).event_stored()
    assert called.wait(60)


def test_nobody_is_called_out_for_nothing() -> None:
    calls = []
    called = threading.Event()

    def wake() -> bool:
        calls.append(1)
        called.set()
        return True

    wakeups = Wakeups(wake)
    for number in (1, 2):
        wakeups.event_stored()
        assert called.wait(60)
        called.clear()
        assert not called.wait(1.5), "three times the pause"
        assert len(calls) == number


def test_a_reconcile_that_has_to_wait_is_left_to_the_sweep(broker: Any, due: int) -> None:
    portal_id = install.claim_stale(1)[0]
    tasks.reconcile_handlers(portal_id)  # it has no token
    assert tasks.background_length() == broker.llen("celery") == 0


def test_a_tick_does_not_expire_by_clocks_that_differ() -> None:
    for task in PeriodicTask.objects.exclude(name="celery.backend_cleanup"):
        assert task.expire_seconds >= task.interval.every + 60
