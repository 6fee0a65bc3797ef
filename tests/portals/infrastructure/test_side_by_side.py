"""What goes on in two connections at once: an erasure and those who must not wait for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portals.bitrix24.transport import CallRecord
from portals.infrastructure.call_log import CALLS
from portals.lifecycle import uninstall
from portals.models import ApiCall, Portal, PortalEvent, PortalTransition, signals

pytestmark = pytest.mark.django_db(transaction=True)
NEVER_WAITS = "SET lock_timeout = '1s'"


def portal(member_id: str = "a" * 32, **fields: object) -> Portal:
    return Portal.objects.create(
        member_id=member_id,
        domain=f"{member_id[0]}.example",
        client_endpoint=f"https://{member_id[0]}.example/rest/",
        **{"status": "active", **fields},
    )


def beside(work: Callable[[], object]) -> None:
    """Do ``work`` in a connection of its own, which gives up if it has to wait for a row."""

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(NEVER_WAITS)
            work()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
            connection.close()

    with ThreadPoolExecutor(1) as other:
        other.submit(run).result(timeout=60)


@contextmanager
def while_erasing(work: Callable[[], object]) -> Iterator[list[int]]:
    """``work`` once, beside the first portion of an erasure that finds something; yields what was done."""
    done: list[int] = []

    def meanwhile(sender: object, portal: Portal, **_: object) -> int:
        if done:
            return 0
        beside(work)
        done.append(portal.pk)
        return 1

    signals.erased.connect(meanwhile)
    try:
        yield done
    finally:
        signals.erased.disconnect(meanwhile)


def test_an_open_does_not_wait_for_an_erasure_of_all_notes() -> None:
    used = portal()

    def opened() -> None:
        Portal.objects.filter(pk=used.pk).update(last_used_at=timezone.now())

    with while_erasing(opened) as done:
        used.erase_content("content_erased")
    assert done == [used.pk]
    assert PortalTransition.objects.get().reason == "content_erased"


def test_the_door_of_events_does_not_wait_for_an_erasure() -> None:
    gone = portal(status="deleted", erase_due_at=timezone.now())

    def event_stored() -> None:
        PortalEvent.objects.create(
            portal=gone, member_id=gone.member_id, event="ONAPPUNINSTALL", dedup_key="k"
        )

    with while_erasing(event_stored) as done:
        assert uninstall.erase(gone.pk)
    assert done == [gone.pk]
    assert not PortalEvent.objects.exists()


def test_an_erased_portal_costs_no_other_portal_its_calls() -> None:
    """Erased after the writer of the log has looked and before it has inserted."""
    gone, stays = portal("a" * 32), portal("b" * 32)
    for owner in (gone, stays, None):
        CALLS.add(record(owner))
    with ThreadPoolExecutor(1) as writer:
        with transaction.atomic():
            Portal.objects.get(pk=gone.pk).delete()
            flushed = writer.submit(_flush)
            _until_somebody_waits()
        assert flushed.result(timeout=60) == 3
    assert sorted(ApiCall.objects.values_list("host", flat=True)) == ["b.example", "oauth.example"]


def record(owner: Portal | None) -> CallRecord:
    return CallRecord(
        owner=owner.pk if owner else None,
        host=owner.domain if owner else "oauth.example",
        method="profile",
        http_status=200,
        error_code=None,
        duration=0.1,
        operating=None,
        request_id="",
    )


def _flush() -> int:
    try:
        return CALLS.flush()
    finally:
        connection.close()


def _until_somebody_waits() -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


def test_two_erasers_share_the_work() -> None:
    gone = portal(status="deleted", erase_due_at=timezone.now() - timedelta(days=1))
    ApiCall.objects.bulk_create(
        ApiCall(portal=gone, host="a.example", method="profile", duration=0.1) for _ in range(3)
    )
    with ThreadPoolExecutor(2) as pool:

        def erase(_: int) -> bool:
            try:
                return uninstall.erase(gone.pk)
            finally:
                connection.close()

        assert sorted(pool.map(erase, range(2))) == [False, True]
    assert PortalTransition.objects.count() == 1
