"""Whose token is handed out when the newest administrator's cannot be."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from portals.bitrix24.errors import TokenDead
from portals.models import Portal, PortalToken
from portals.tokens import pairs, refresh
from portals.tokens.pairs import NoToken
from tests.portals.tokens.test_portal_client import second_administrator
from tests.support.emulator import Emulator

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


@pytest.fixture
def portal(emulator: Emulator, installed: Install) -> Portal:
    """Two administrators; the access token of the newer one has ended."""
    portal = installed()
    newer = second_administrator(emulator, portal)
    PortalToken.objects.filter(pk=newer.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    return portal


def test_whoever_can_be_refreshed_is(portal: Portal) -> None:
    assert pairs.current(portal).user_id == 3


def test_one_whose_refresh_was_interrupted_is_given_up(portal: Portal) -> None:
    portal.tokens.filter(user_id=3).update(spending_since=timezone.now() - timedelta(hours=1))
    assert pairs.current(portal).user_id == 1
    assert portal.tokens.alive().count() == 1


def test_one_that_is_dead_is_passed(emulator: Emulator, portal: Portal) -> None:
    PortalToken.objects.filter(user_id=3).update(refresh_token="d" * 70)
    assert pairs.current(portal).user_id == 1


def test_without_one_that_lives_there_is_none(portal: Portal) -> None:
    PortalToken.objects.update(refresh_token="d" * 70, expires_at=timezone.now())
    for error in (NoToken, NoToken):
        with pytest.raises(error):
            pairs.current(portal)
    assert Portal.objects.get().status_reason == "token_dead"


@pytest.mark.parametrize(("seconds", "fresh"), [(29, False), (31, True)])
def test_a_token_that_ends_in_half_a_minute_has_ended(portal: Portal, seconds: int, fresh: bool) -> None:
    ends = timezone.now() + timedelta(seconds=seconds + 0.5)
    portal.tokens.filter(user_id=3).update(expires_at=ends)
    before = portal.tokens.get(user_id=3).access_token
    assert (pairs.access_token(portal) == before) is fresh


def test_a_refresh_that_failed_says_when_to_ask_again(emulator: Emulator, portal: Portal) -> None:
    due = timezone.now() + timedelta(seconds=90)
    PortalToken.objects.update(failures=1, last_error="internal_server_error", refresh_due_at=due)
    token = portal.tokens.get(user_id=3)
    with pytest.raises(pairs.RefreshPending, match="internal_server_error") as pending:
        pairs.refresh(token.pk, spent_generation=token.generation)
    assert 80 < pending.value.retry_after <= 90


def test_a_rival_who_takes_too_long_says_when_to_ask_again(portal: Portal) -> None:
    now = timezone.now()
    token = portal.tokens.get(user_id=3)
    PortalToken.objects.update(spending_since=now, leased_until=now + timedelta(seconds=60))
    with pytest.raises(pairs.RefreshPending, match="deadline_exceeded") as pending:
        pairs.refresh(token.pk, spent_generation=token.generation, deadline=0.2)
    assert 50 < pending.value.retry_after <= 60
    PortalToken.objects.update(leased_until=None)
    with pytest.raises(pairs.RefreshPending) as pending:
        pairs.refresh(token.pk, spent_generation=token.generation, deadline=0)
    assert pending.value.retry_after == 1


def test_tokens_that_are_made_due_leave_those_that_are_being_spent(
    portal: Portal, emulator: Emulator
) -> None:
    now = timezone.now()
    PortalToken.objects.update(failures=4, refresh_due_at=now + timedelta(days=1))
    PortalToken.objects.filter(user_id=1).update(spending_since=now)
    others = Portal.objects.create(member_id="b" * 32)
    pairs.store(others, 1, "a", "r", now + timedelta(hours=1))
    other_due = others.tokens.get().refresh_due_at

    mine = portal.tokens.get(user_id=3)
    assert pairs.make_due([portal]) == [mine.pk]

    mine.refresh_from_db()
    assert mine.failures == 0
    assert portal.tokens.filter(pk=mine.pk, refresh_due_at__lte=timezone.now()).exists()
    assert mine.leased_until is not None
    assert others.tokens.get().refresh_due_at == other_due
    assert PortalToken.objects.get(portal=portal, user_id=1).failures == 4


def test_a_dead_token_is_not_made_due(portal: Portal) -> None:
    portal.tokens.update(dead_at=timezone.now())
    assert pairs.make_due([portal]) == []


@pytest.mark.parametrize("error", ["", "internal_server_error", "invalid_token", "not_administrator"])
def test_whether_anybody_is_left_whom_nobody_refused(portal: Portal, error: str) -> None:
    portal.tokens.filter(user_id=1).update(dead_at=timezone.now())
    portal.tokens.filter(user_id=3).update(last_error=error)
    assert pairs.unrefused(portal) is (error in ("", "internal_server_error"))


def test_use_makes_the_newest_token_due_before_it_ends(portal: Portal) -> None:
    later = timezone.now() + timedelta(days=20)
    portal.tokens.update(refresh_due_at=later)
    older = portal.tokens.get(user_id=1)
    pairs.expect_use(portal)
    assert portal.tokens.filter(user_id=3, refresh_due_at__lt=F("expires_at")).exists()
    assert portal.tokens.get(user_id=1).refresh_due_at == older.refresh_due_at

    portal.tokens.update(refresh_due_at=later, failures=1)
    pairs.expect_use(portal)
    assert {token.refresh_due_at for token in portal.tokens.all()} == {later}, "it waits for what it was told"
    soon = timezone.now() - timedelta(hours=3)
    portal.tokens.update(refresh_due_at=soon, failures=0)
    pairs.expect_use(portal)
    assert {token.refresh_due_at for token in portal.tokens.all()} == {soon}, "never later"
    portal.tokens.update(dead_at=timezone.now())
    pairs.expect_use(portal)


def test_a_token_that_both_refuse_raises_what_was_said(emulator: Emulator, portal: Portal) -> None:
    emulator.control.revoke("alpha", refresh=True)
    token = portal.tokens.get(user_id=3)
    with pytest.raises(TokenDead):
        pairs.refresh(token.pk, spent_generation=token.generation)


def test_a_newer_pair_is_the_one_that_is_handed_out(portal: Portal) -> None:
    generation = portal.tokens.get(user_id=3).generation
    ends = timezone.now() + timedelta(hours=2)
    token = pairs.store(portal, 3, "newer", "newer refresh", ends)
    assert (token.access_token, token.refresh_token, token.expires_at) == ("newer", "newer refresh", ends)
    assert token.generation == generation + 1
    assert pairs.access_token(portal) == "newer"


def test_a_token_that_is_gone_is_waited_for_by_nobody(portal: Portal) -> None:
    token = portal.tokens.get(user_id=3)
    token_id, generation = token.pk, token.generation
    token.delete()
    with pytest.raises(NoToken):
        pairs.refresh(token_id, spent_generation=generation)


@pytest.mark.parametrize("end", [refresh.bury, lambda token, code: refresh.pass_over(token, code, code)])
def test_whoever_stands_in_is_due_before_the_token_ends_and_nobody_elses_is(
    portal: Portal, end: Callable[[PortalToken, str], None]
) -> None:
    later = timezone.now() + timedelta(days=20)
    others = Portal.objects.create(member_id="b" * 32)
    pairs.store(others, 1, "a", "r", timezone.now() + timedelta(hours=1))
    PortalToken.objects.update(refresh_due_at=later)
    Portal.objects.update(last_used_at=timezone.now())
    end(PortalToken.objects.select_related("portal").get(portal=portal, user_id=3), "invalid_token")
    assert portal.tokens.filter(user_id=1, refresh_due_at__lt=F("expires_at")).exists()
    assert others.tokens.get().refresh_due_at == later
    assert Portal.objects.get(pk=portal.pk).status == "active"
