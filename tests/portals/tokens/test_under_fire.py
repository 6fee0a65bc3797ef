"""Many processes, killed processes, and an authorization server that fails in every way."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.db.models import F
from django.utils import timezone

from portals import tasks
from portals.infrastructure.shared import redis_client
from portals.models import Portal, PortalToken
from portals.tokens import dispatch, refresh
from tests.support.clocks import Clocks
from tests.support.emulator import Emulator
from tests.support.paper import generations, paper_portals, refreshes
from tests.support.processes import end, python, until, worker

RIVAL = """
import sys
from portals.tokens import pairs
from portals.models import Portal
portal = Portal.objects.get()
print("ready", flush=True)
sys.stdin.readline()
print(pairs.access_token(portal), flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_sixteen_processes_make_one_request_and_all_get_the_new_token(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    PortalToken.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    emulator.control.fault("oauth", delay_ms=300)
    rivals = [python(RIVAL, emulator) for _ in range(16)]
    try:
        for rival in rivals:
            assert rival.stdout is not None
            assert rival.stdout.readline() == "ready\n"
        for rival in rivals:
            assert rival.stdin is not None
            rival.stdin.write("go\n")
            rival.stdin.flush()
        found = [rival.communicate(timeout=60)[0].strip() for rival in rivals]
    finally:
        end(rivals)

    token.refresh_from_db()
    assert set(found) == {token.access_token}
    assert refreshes(emulator) == [200]
    assert token.generation == 2


@pytest.mark.django_db(transaction=True)
def test_ticks_at_the_same_time_hand_nothing_out_twice(emulator: Emulator) -> None:
    paper_portals(emulator, COUNT)

    def tick() -> list[int]:
        try:
            return [token_id for ids in dispatch.claim_due() for token_id in ids]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        handed_out = [future.result() for future in [pool.submit(tick) for _ in range(8)]]
    ids = [token_id for found in handed_out for token_id in found]
    assert len(ids) == len(set(ids))
    assert len(ids) + len([token_id for found in dispatch.claim_due() for token_id in found]) == COUNT


@pytest.mark.django_db(transaction=True)
def test_a_database_that_restarts_while_the_answer_comes_costs_no_token(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    emulator.control.fault("oauth", delay_ms=400)
    with ThreadPoolExecutor(1) as pool:
        refreshed = pool.submit(tasks.refresh_tokens, token.pk)
        until(lambda: PortalToken.objects.filter(spending_since__isnull=False).exists())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        refreshed.result()
        pool.submit(lambda: connection.close()).result()  # noqa: PLW0108 - that of the thread
    assert generations([token]) == {2}
    assert refreshes(emulator) == [200]


COUNT = 1000
WORKERS = 4


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_workers_killed_every_second(emulator: Emulator) -> None:
    """Each worker has one thread, so a kill can cost one token: the one on its way to or from the server."""
    tokens = paper_portals(emulator, COUNT)
    emulator.control.fault("oauth", delay_ms=20)  # most kills hit a request under way
    for ids in dispatch.claim_due():
        tasks.hand_out(ids)
    workers = [worker(emulator) for _ in range(WORKERS)]
    kills = 0
    try:
        until(lambda: len(refreshes(emulator)) > 0)
        while _waiting() and kills < 60:
            time.sleep(1)
            end([workers.pop(0)])
            kills += 1
            workers.append(worker(emulator))
        emulator.control.fault("oauth")
        _finish()
    finally:
        end(workers)

    dead = set(PortalToken.objects.exclude(dead_at=None).values_list("pk", flat=True))
    assert kills >= 5
    assert len(dead) <= kills
    assert emulator.control.state()["refresh_reuse"] == 0
    survivors = PortalToken.objects.exclude(pk__in=dead)
    assert set(survivors.values_list("generation", "failures", "spending_since")) == {(2, 0, None)}
    assert Portal.objects.filter(status="active").count() == COUNT - len(dead)
    assert all(_valid(emulator, token) for token in survivors)
    assert {token.pk for token in tokens} == dead | {token.pk for token in survivors}


def _waiting() -> int:
    return int(redis_client().llen("tokens"))


def _finish() -> None:
    """Let the leases of the dead workers end, and hand out again what they had."""
    until(lambda: not PortalToken.objects.filter(generation=1, spending_since__gt=_recently()).exists())
    PortalToken.objects.filter(generation=1).update(
        leased_until=F("leased_until") - 2 * dispatch.LEASE,
        spending_since=F("spending_since") - 2 * refresh.LEASE,
    )
    for ids in dispatch.claim_due():
        tasks.hand_out(ids)
    until(lambda: not PortalToken.objects.alive().filter(generation=1).exists())


def _recently() -> Any:
    return timezone.now() - timedelta(seconds=2)


def _valid(emulator: Emulator, token: PortalToken) -> bool:
    answer = requests.post(
        f"{emulator.oauth_url}/rest/app.info", data={"auth": token.access_token}, timeout=5
    )
    return answer.status_code == 200


FAULTS = ["down", "slow", "html", "query_limit", "500", "garbage", "drip", "portal404", "huge"]


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS)
def test_a_minute_of_trouble_changes_no_status(
    emulator: Emulator, clocks: Clocks, monkeypatch: pytest.MonkeyPatch, settings: Any, fault: str
) -> None:
    tokens = paper_portals(emulator, 12)
    monkeypatch.setattr(refresh, "DEADLINE", 0.3)
    if fault == "down":
        settings.BITRIX24_OAUTH_URL = ["http://127.0.0.1:9"]
    elif fault == "slow":
        emulator.control.fault("oauth", delay_ms=600)
    else:
        emulator.control.fault("oauth", fault)
    for _ in range(3):
        _tick()
        clocks.advance(seconds=30)
    asked = len(refreshes(emulator))
    if fault not in ("query_limit", "portal404"):  # whoever answers is up: backoff alone spreads those
        assert asked <= 12, "the breaker should have held"
    assert Portal.objects.exclude(status="active").count() == 0
    assert generations(tokens) == {1}

    settings.BITRIX24_OAUTH_URL = [emulator.oauth_url]
    emulator.control.fault("oauth")
    for _ in range(8):
        clocks.advance(seconds=30)
        _tick()
    assert Portal.objects.exclude(status="active").count() == 0
    assert set(PortalToken.objects.values_list("generation", "failures", "last_error")) == {(2, 0, "")}
    assert emulator.control.state()["refresh_reuse"] == 0


def _tick() -> None:
    for ids in dispatch.claim_due():
        for token_id in ids:
            tasks.refresh_tokens(token_id)
