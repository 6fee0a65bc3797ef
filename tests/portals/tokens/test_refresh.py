"""Schedule, single flight, and what becomes of a pair."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals import tasks
from portals.bitrix24.errors import Bitrix24Error, TokenDead
from portals.lifecycle import visits
from portals.models import Portal, PortalToken
from portals.outgoing import breaker
from portals.tokens import dispatch, pairs, refresh
from portals.tokens.schedule import refresh_due_at
from tests.support.clocks import Clocks
from tests.support.emulator import Emulator
from tests.support.paper import age_leases, generations, paper_portals, refreshes

pytestmark = pytest.mark.django_db


def tick() -> int:
    """One tick with its tasks run at once; how many tokens it handed out."""
    ids = [token_id for chunk in dispatch.claim_due() for token_id in chunk]
    for token_id in ids:
        tasks.refresh_tokens(token_id)
    return len(ids)


# --- When ---


@pytest.mark.parametrize("margin", [60, 600, 1800])
def test_a_portal_in_use_is_due_before_its_token_ends(settings: Any, margin: int) -> None:
    settings.TOKEN_REFRESH_MARGIN = margin
    now = timezone.now()
    ends = now + timedelta(hours=1)
    for _ in range(200):
        early = (ends - refresh_due_at(ends, last_used_at=now)).total_seconds()
        assert margin <= early <= margin * 1.25


def test_portals_in_use_that_installed_together_are_not_due_together(settings: Any) -> None:
    now = timezone.now()
    dues = [refresh_due_at(now + timedelta(hours=1), last_used_at=now) for _ in range(100)]
    spread = (max(dues) - min(dues)).total_seconds()
    assert spread > settings.TOKEN_REFRESH_MARGIN / 8


def test_an_idle_portal_is_due_within_the_keepalive_and_not_all_at_once(settings: Any) -> None:
    ends = timezone.now()
    dues = [refresh_due_at(ends, last_used_at=ends - timedelta(hours=25)) for _ in range(200)]
    days = [(due - ends).total_seconds() / 86400 for due in dues]
    assert min(days) >= 24
    assert max(days) <= 30
    assert max(days) - min(days) > 3


def test_without_a_window_every_portal_is_active(settings: Any) -> None:
    settings.TOKEN_ACTIVE_WINDOW = 0
    ends = timezone.now()
    assert refresh_due_at(ends, last_used_at=None) < ends


def test_a_use_makes_an_idle_portal_active_and_the_next_uses_write_nothing(
    emulator: Emulator, django_assert_num_queries: Any
) -> None:
    [token] = paper_portals(emulator, 1, due_in=timedelta(days=20), used=False)
    portal = Portal.objects.get()
    with django_assert_num_queries(3):
        visits.used(portal)
    token.refresh_from_db()
    assert token.refresh_due_at is not None
    assert token.refresh_due_at < token.expires_at
    with django_assert_num_queries(0):
        visits.used(portal)
    with django_assert_num_queries(1):
        visits.used(Portal.objects.get())


def test_an_active_portal_falls_asleep_when_nobody_comes(emulator: Emulator, clocks: Clocks) -> None:
    [token] = paper_portals(emulator, 1)
    hours = 0
    while token.refresh_due_at is None or token.refresh_due_at < token.expires_at:
        clocks.advance(hours=1)
        hours += 1
        tick()
        token.refresh_from_db()
        assert hours < 40
    assert 22 <= hours <= 26


def test_200_days_of_nobody_coming(emulator: Emulator, clocks: Clocks) -> None:
    tokens_ = paper_portals(emulator, 20, due_in=timedelta(days=25), used=False)
    for _ in range(200):
        clocks.advance(days=1)
        tick()
    assert min(generations(tokens_)) >= 1 + 200 // 31
    assert max(generations(tokens_)) <= 1 + 200 // 23
    assert not PortalToken.objects.exclude(dead_at=None).exists()
    before = generations(tokens_)
    PortalToken.objects.update(refresh_due_at=timezone.now())
    assert tick() == 20
    assert min(generations(tokens_)) > min(before)
    assert emulator.control.state()["refresh_reuse"] == 0


# --- Handing out ---


def test_a_due_token_is_handed_out_once_until_its_lease_ends(emulator: Emulator) -> None:
    paper_portals(emulator, 3)
    assert [len(ids) for ids in dispatch.claim_due()] == [3]
    assert list(dispatch.claim_due()) == []
    age_leases(dispatch.LEASE)
    assert [len(ids) for ids in dispatch.claim_due()] == [3]


def test_a_tick_is_bounded(emulator: Emulator) -> None:
    paper_portals(emulator, 450)
    assert [len(ids) for ids in dispatch.claim_due(portion=430)] == [200, 200, 30]


def test_a_task_that_comes_twice_refreshes_once(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    tasks.refresh_tokens(token.pk)
    tasks.refresh_tokens(token.pk)
    assert refreshes(emulator) == [200]


def test_nothing_is_handed_out_while_the_authorization_server_fails(
    emulator: Emulator, clocks: Clocks
) -> None:
    paper_portals(emulator, 30)
    emulator.control.fault("oauth", "500")
    assert tick() == 30
    assert len(refreshes(emulator)) == breaker.THRESHOLD
    clocks.advance(seconds=1)
    assert tick() == 0
    clocks.advance(seconds=30)
    assert tick() == 1
    assert len(refreshes(emulator)) == breaker.THRESHOLD + 1
    emulator.control.fault("oauth")
    clocks.advance(seconds=30)
    assert tick() == 1
    clocks.advance(seconds=60)
    assert tick() == 29
    assert set(PortalToken.objects.values_list("generation", "failures")) == {(2, 0)}


# --- Spending ---


def test_a_failed_refresh_is_not_asked_again_before_its_time(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    emulator.control.fault("oauth", "access_denied")
    with pytest.raises(Bitrix24Error):
        pairs.refresh(token.pk, spent_generation=1)
    PortalToken.objects.update(refresh_due_at=timezone.now() + timedelta(seconds=90))
    with pytest.raises(pairs.RefreshPending) as pending:
        pairs.refresh(token.pk, spent_generation=1)
    assert str(pending.value) == "access_denied"
    assert 80 < pending.value.retry_after <= 90
    assert len(refreshes(emulator)) == 1


def test_a_foreign_answer_is_not_stored(emulator: Emulator) -> None:
    [mine, foreign] = paper_portals(emulator, 2)
    PortalToken.objects.filter(pk=mine.pk).update(refresh_token=foreign.refresh_token)
    with pytest.raises(TokenDead):
        pairs.refresh(mine.pk, spent_generation=1)
    mine.refresh_from_db()
    assert (mine.last_error, mine.generation, mine.dead_at is None) == ("foreign_member_id", 1, False)


def test_invalid_grant_is_void_if_a_newer_pair_was_stored_meanwhile(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    taken = refresh.take(token.pk, 1)
    assert taken is not None
    ends = timezone.now() + timedelta(hours=1)
    pairs.store(token.portal, token.user_id, "newer", "newer-refresh", ends)
    taken.refresh_token = "of which the server knows nothing"
    assert refresh.spend(taken).access_token == "newer"
    token.portal.refresh_from_db()
    assert token.portal.status == "active"


def test_a_pair_that_arrives_late_never_replaces_a_stored_one(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    taken = refresh.take(token.pk, 1)
    assert taken is not None
    ends = timezone.now() + timedelta(hours=1)
    pairs.store(token.portal, token.user_id, "newer", "newer-refresh", ends)
    assert refresh.spend(taken).access_token == "newer"


def test_a_worker_lost_before_it_spent_costs_its_lease_and_nothing_else(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    assert list(dispatch.claim_due()) == [[token.pk]]
    age_leases(dispatch.LEASE)
    assert tick() == 1
    assert generations([token]) == {2}


def test_a_worker_lost_while_it_spent_costs_the_token_but_no_second_request(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    assert refresh.take(token.pk) is not None
    assert tick() == 0
    age_leases(refresh.LEASE)
    assert tick() == 1
    token.refresh_from_db()
    assert token.last_error == "refresh_interrupted"
    assert refreshes(emulator) == []
    token.portal.refresh_from_db()
    assert (token.portal.status, token.portal.status_reason) == ("blocked", "token_dead")
    with pytest.raises(pairs.NoToken):
        pairs.access_token(token.portal)


# --- Several administrators ---


def test_only_the_newest_administrators_token_is_kept_fresh_and_the_others_stand_in(
    emulator: Emulator, installed: Any
) -> None:
    portal = installed("alpha")
    visits.used(portal)
    emulator.control.change_user("alpha", 3, admin=True)
    pair = emulator.control.tokens("alpha", 3)
    ends = timezone.now() + timedelta(hours=1)
    pairs.store(portal, 3, pair["access_token"], pair["refresh_token"], ends)
    first, second = portal.tokens.order_by("stored_at")
    assert second.refresh_due_at < second.expires_at
    assert first.refresh_due_at > first.expires_at + timedelta(days=20)
    assert pairs.current(portal).user_id == 3

    pairs.refresh(first.pk, spent_generation=1)
    assert pairs.current(portal).user_id == 3
    first.refresh_from_db()
    assert first.refresh_due_at > first.expires_at + timedelta(days=20)

    refresh.bury(second, "authorization_error")
    first.refresh_from_db()
    assert first.refresh_due_at < first.expires_at
    assert pairs.current(portal).user_id == 1
    portal.refresh_from_db()
    assert portal.status == "active"


def test_whoever_waited_for_a_refresh_gets_the_pair_that_is_stored(emulator: Emulator) -> None:
    [token] = paper_portals(emulator, 1)
    PortalToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refreshed = pairs.current(token.portal)
    stored = PortalToken.objects.get(pk=token.pk)
    for name in ("access_token", "refresh_token", "generation", "expires_at", "refresh_due_at", "last_error"):
        assert getattr(refreshed, name) == getattr(stored, name)
    assert stored.access_token != token.access_token
