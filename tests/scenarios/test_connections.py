"""Connections to the database are few: nobody holds one while waiting for somebody else."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from portals.infrastructure import call_log
from portals.models import ApiCall, Portal
from portals.outgoing import breaker, gateway
from portals.tokens import pairs
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool() -> Iterator[Any]:
    connection.ensure_connection()
    found: Any = connection.pool  # type: ignore[attr-defined]
    connection.close()
    yield found
    connection.close()


def in_use(pool: Any) -> int:
    stats = pool.get_stats()
    return int(stats["pool_size"]) - int(stats["pool_available"])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """Requests on their way, by host: the real calls, counted as they leave."""
    leaving: Counter[str] = Counter()
    guard = breaker.guard

    @contextmanager
    def counted(host: str, subject: str) -> Iterator[None]:
        with guard(host, subject):
            leaving[host] += 1
            yield

    monkeypatch.setattr(breaker, "guard", counted)
    return leaving


def while_waiting(
    opens: Opens, sent: "Counter[str]", work: Callable[[], object], look: Callable[[], int], *, threads: int
) -> int:
    """What ``look`` finds while threads that each do ``work`` all wait for a portal or the authorization server."""
    for key in ("alpha", "oauth"):
        opens.emulator.control.fault(key, delay_ms=3000)
    sent.clear()
    waiting = [threading.Thread(target=_run, args=[work]) for _ in range(threads)]
    for thread in waiting:
        thread.start()
    deadline = time.monotonic() + 60
    while sent.total() < threads:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    found = look()
    for thread in waiting:
        thread.join()
    return found


def _run(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


def test_opens_that_wait_for_their_portal_hold_none(
    opens: Opens, installed: Callable[..., Portal], pool: Any, sent: "Counter[str]"
) -> None:
    installed()
    forms = iter([opens.form("alpha", user, "chat21") for user in (1, 2, 3, 4, 5)])
    connection.close()
    held = while_waiting(opens, sent, lambda: opens.post(next(forms)), lambda: in_use(pool), threads=5)
    assert held == 0


def test_a_refresh_that_waits_for_its_answer_holds_none(
    opens: Opens, installed: Callable[..., Portal], pool: Any, sent: "Counter[str]"
) -> None:
    token = installed().tokens.get()
    connection.close()

    def refresh() -> None:
        pairs.refresh(token.pk, spent_generation=token.generation)

    assert while_waiting(opens, sent, refresh, lambda: in_use(pool), threads=1) == 0


def test_the_log_of_calls_is_written_while_every_thread_waits(
    opens: Opens, installed: Callable[..., Portal], pool: Any, sent: "Counter[str]"
) -> None:
    portal = installed()
    token = portal.tokens.get()
    call_log.CALLS.flush()
    written = ApiCall.objects.count()

    def call() -> None:
        gateway.portal(portal, token.access_token).call("app.info")

    def write() -> int:
        call_log.CALLS.flush()
        return ApiCall.objects.count()

    call()
    assert while_waiting(opens, sent, call, write, threads=pool.max_size) == written + 1
