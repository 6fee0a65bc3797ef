"""A pair is given up for what became of it, never for a fault of ours that no request has met."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils import timezone

from portals import tasks
from portals.bitrix24.errors import ServerTrouble
from portals.models import Portal, PortalToken
from portals.tokens import dispatch, pairs, refresh
from tests.portals.bitrix24.scripted import answer, read_request, scripted
from tests.support.emulator import Emulator
from tests.support.paper import age_leases, generations, paper_portals, refreshes
from tests.support.processes import until

# --- Before the request ---


@pytest.mark.django_db
def test_a_process_with_the_wrong_keys_marks_nothing(emulator: Emulator, settings: Any) -> None:
    tokens_ = paper_portals(emulator, 5)
    right = settings.TOKEN_ENCRYPTION_KEYS
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    tasks.refresh_tokens(*(token.pk for token in tokens_))
    with pytest.raises(ImproperlyConfigured):
        refresh.take(tokens_[0].pk, 1)

    settings.TOKEN_ENCRYPTION_KEYS = right
    age_leases(refresh.LEASE)
    tasks.refresh_tokens(*(token.pk for token in tokens_))
    assert generations(tokens_) == {2}
    assert not Portal.objects.exclude(status="active").exists()


@pytest.mark.django_db
def test_what_fails_before_the_request_leaves_costs_a_delay(emulator: Emulator, settings: Any) -> None:
    [token] = paper_portals(emulator, 1)
    right = settings.BITRIX24_TRUSTED_NETWORKS
    settings.BITRIX24_TRUSTED_NETWORKS = ["no network"]
    with pytest.raises(ValueError, match="no network"):
        pairs.refresh_due(token.pk)
    token.refresh_from_db()
    assert (token.spending_since, token.failures, token.last_error) == (None, 1, "internal:ValueError")
    assert token.refresh_due_at is not None
    assert token.refresh_due_at <= timezone.now() + timedelta(seconds=30)

    settings.BITRIX24_TRUSTED_NETWORKS = right
    age_leases(refresh.LEASE)
    pairs.refresh_due(*pairs.make_due([token.portal]))
    assert generations([token]) == {2}
    assert refreshes(emulator) == [200]


@pytest.mark.django_db
def test_one_token_of_a_message_does_not_hold_up_the_others(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    tokens_ = paper_portals(emulator, 3)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portals_portaltoken SET refresh_token = 'sealed by nobody' WHERE id = %s", [tokens_[0].pk]
        )
    tasks.refresh_tokens(*(token.pk for token in tokens_))
    assert generations(tokens_[1:]) == {2}
    assert "refresh_tripped" in caplog.text


# --- The answer ---


@contextmanager
def granting(**pair: object) -> Iterator[str]:
    """An authorization server that gives this pair, and no more than this."""

    def script(connection: Any) -> None:
        while read_request(connection):
            connection.sendall(answer("200 OK", json.dumps(pair).encode()))

    with scripted(script) as server:
        yield server.url.rstrip("/")


@pytest.mark.django_db
def test_a_pair_is_stored_without_what_nobody_needs(emulator: Emulator, settings: Any) -> None:
    [token] = paper_portals(emulator, 1)
    member_id = token.portal.member_id
    with granting(access_token="new", refresh_token="newer", expires_in=3600, member_id=member_id) as url:
        settings.BITRIX24_OAUTH_URL = [url]
        pairs.refresh_due(token.pk)
    token.refresh_from_db()
    assert (token.generation, token.access_token, token.refresh_token) == (2, "new", "newer")


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["", "500", "not_installed"])
def test_a_portal_that_leaves_during_a_refresh_has_no_token(emulator: Emulator, fault: str) -> None:
    [token] = paper_portals(emulator, 1)
    taken = refresh.take(token.pk, 1)
    assert taken is not None
    Portal.objects.get().mark_deleted("uninstalled")
    if fault:
        emulator.control.fault("oauth", fault)
    with pytest.raises(pairs.NoToken):
        refresh.spend(taken)
    assert Portal.objects.get().status == "deleted"


@pytest.mark.django_db
def test_a_pair_that_comes_after_it_was_given_up_takes_that_back(emulator: Emulator) -> None:
    """A process that stood still for a minute, with its machine, is taken for dead by the others."""
    [token] = paper_portals(emulator, 1)
    taken = refresh.take(token.pk)
    assert taken is not None
    age_leases(refresh.LEASE)
    assert refresh.bury_if_interrupted(token.pk)
    assert Portal.objects.get().status == "blocked"
    refresh.spend(taken)
    token.refresh_from_db()
    assert (token.generation, token.dead_at, token.last_error) == (2, None, "")
    assert Portal.objects.get().status == "active"


@pytest.mark.django_db
def test_a_failure_seen_after_it_was_given_up_takes_that_back_too(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    taken = refresh.take(token.pk)
    assert taken is not None
    age_leases(refresh.LEASE)
    assert refresh.bury_if_interrupted(token.pk)
    emulator.control.fault("oauth", "500", times=1)
    with pytest.raises(ServerTrouble):
        refresh.spend(taken)
    pairs.refresh_due(*pairs.make_due([token.portal]))
    assert generations([token]) == {2}
    assert Portal.objects.get().status == "active"


@pytest.mark.django_db(transaction=True)
def test_a_failover_that_leaves_the_database_read_only_costs_no_pair(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections opened meanwhile stay read-only, as those to a demoted server behind a proxy do."""
    [token] = paper_portals(emulator, 1)
    name = connection.settings_dict["NAME"]
    emulator.control.fault("oauth", delay_ms=1500)
    with ThreadPoolExecutor(1) as pool, connection.cursor() as cursor:
        refreshed = pool.submit(tasks.refresh_tokens, token.pk)
        until(lambda: PortalToken.objects.filter(spending_since__isnull=False).exists())
        try:
            cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            time.sleep(0.3)  # a connection that was being made is there now, to be ended like the others
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            until(lambda: "ReadOnly" in caplog.text or refreshed.done())
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        refreshed.result()
        pool.submit(lambda: connection.close()).result()  # noqa: PLW0108 - that of the thread
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined] # the next tests write
    assert "ReadOnly" in caplog.text
    assert generations([token]) == {2}
    assert refreshes(emulator) == [200]


# --- Between processes ---


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_process_whose_clock_is_wrong_takes_nothing_from_the_others(
    emulator: Emulator, minutes: int
) -> None:
    spent, waiting = paper_portals(emulator, 2)
    assert refresh.take(spent.pk) is not None
    PortalToken.objects.filter(pk=spent.pk).update(leased_until=None)
    assert list(dispatch.claim_due()) != []
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        assert not refresh.bury_if_interrupted(spent.pk)
        assert list(dispatch.claim_due()) == []
    age_leases(dispatch.LEASE)
    with time_machine.travel(timezone.now() + timedelta(minutes=max(minutes, 0))):
        assert sorted(*dispatch.claim_due()) == sorted([spent.pk, waiting.pk])
        assert refresh.bury_if_interrupted(spent.pk)


@pytest.mark.django_db(transaction=True)
def test_a_locked_token_does_not_hold_up_the_others(emulator: Emulator) -> None:
    locked, free = paper_portals(emulator, 2)

    def claim() -> list[list[int]]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            return list(dispatch.claim_due())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        PortalToken.objects.select_for_update().get(pk=locked.pk)
        assert pool.submit(claim).result() == [[free.pk]]


@pytest.mark.django_db(transaction=True)
def test_administrators_who_heal_at_once_wait_for_each_other_with_nothing_in_their_hands(
    emulator: Emulator,
) -> None:
    [token] = paper_portals(emulator, 1)
    ends = timezone.now() + timedelta(hours=1)

    def store() -> None:
        try:
            pairs.store(token.portal, token.user_id, "a", "r", ends)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            refresh.hold(token.portal)
            stored = pool.submit(store)
            until(lambda: _waits_for_a_lock() or stored.done())
            assert not stored.done()
            PortalToken.objects.select_for_update(nowait=True).get(pk=token.pk)
        stored.result()
    assert generations([token]) == {2}


def _waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db
def test_another_administrators_pair_leaves_a_failing_token_to_its_backoff(emulator: Emulator) -> None:
    [failing] = paper_portals(emulator, 1)
    due = timezone.now() + timedelta(minutes=7)
    PortalToken.objects.update(failures=3, refresh_due_at=due)
    pairs.store(failing.portal, 77, "access", "refresh", timezone.now() + timedelta(hours=1))
    failing.refresh_from_db()
    assert (failing.failures, failing.refresh_due_at) == (3, due)


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_rival_gets_its_pair_however_often_it_failed_before(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    PortalToken.objects.update(failures=2)
    taken = refresh.take(token.pk)
    assert taken is not None

    def wait() -> int:
        try:
            return pairs.refresh(token.pk, spent_generation=1).generation
        finally:
            connection.close()

    emulator.control.fault("oauth", delay_ms=400)
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(wait)
        refresh.spend(taken)
        assert waiter.result() == 2
    assert refreshes(emulator) == [200]
