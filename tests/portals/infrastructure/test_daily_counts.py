"""Daily counts: what is counted, stored once however often, and bounded."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from portals.infrastructure import daily_counts
from portals.infrastructure.call_log import CALLS
from portals.infrastructure.daily_counts import Kind
from portals.infrastructure.shared import redis_client
from portals.lifecycle import uninstall
from portals.models import DailyCount, Portal
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db


def test_opens_and_calls_are_counted_and_storing_twice_changes_nothing(opens: Opens) -> None:
    opens.install("alpha")
    opens.emulator.control.install_finish("alpha", user_id=1)
    for _ in range(2):
        assert opens.widget("alpha", 3, "chat22").status_code == 200
    assert opens.widget("alpha", 3, "chat999").status_code == 403
    CALLS.flush()
    daily_counts.deliver()
    daily_counts.deliver()
    assert daily_counts.by_day(Kind.OPEN, 1) == {"": [2]}
    calls = daily_counts.by_day(Kind.CALL, 1)
    assert calls[""][0] >= 3


def test_errors_are_counted_by_code_and_sums_grow(opens: Opens) -> None:
    daily_counts.add(Kind.CALL, {"unreachable": 2, "": 5})
    daily_counts.deliver()
    daily_counts.add(Kind.CALL, {"unreachable": 1})
    daily_counts.deliver()
    assert daily_counts.by_day(Kind.CALL, 2) == {"unreachable": [0, 3], "": [0, 5]}


def test_a_portal_that_invents_codes_does_not_fill_the_table(opens: Opens) -> None:
    daily_counts.add(Kind.CALL, {"": 1000} | {f"invented_{number}": 1 for number in range(300)})
    daily_counts.deliver()
    assert DailyCount.objects.count() == 101
    stored = daily_counts.by_day(Kind.CALL, 1)
    assert stored[""] == [1000]
    assert stored[daily_counts.OTHER] == [201]


def test_a_redis_that_forgets_takes_no_stored_number_along() -> None:
    daily_counts.add(Kind.OPEN, {"": 1000})
    daily_counts.deliver()
    redis_client().flushdb()
    daily_counts.add(Kind.OPEN, {"": 1})
    daily_counts.deliver()
    assert daily_counts.sum_by_day(Kind.OPEN, 1) == [1001]


def test_what_the_database_does_not_take_waits(db: None) -> None:
    daily_counts.add(Kind.OPEN, {"": 2})
    with connection.execute_wrapper(_away), pytest.raises(OperationalError):
        daily_counts.deliver()
    daily_counts.add(Kind.OPEN, {"": 1})
    daily_counts.deliver()
    assert daily_counts.sum_by_day(Kind.OPEN, 1) == [3]


def _away(*_: object) -> None:
    raise OperationalError


def test_portals_that_come_and_leave_are_counted_even_if_nothing_is_left_of_them(
    opens: Opens, installed: Callable[..., Portal]
) -> None:
    for _ in range(2):
        uninstall.erase_now(installed(), reason="erased_by_operator")
    portal = installed()
    portal.block("token_dead")
    portal.recover("healed")
    uninstall.uninstall(portal, clean=False)
    installed()
    assert daily_counts.sum_by_day(Kind.INSTALL, 1) == [4]
    assert daily_counts.sum_by_day(Kind.UNINSTALL, 1) == [3]


def test_old_counts_are_pruned() -> None:
    today = timezone.now().date()
    for age in (0, 399, 401):
        DailyCount.objects.create(day=today - timedelta(days=age), kind=Kind.OPEN, value=1)
    assert daily_counts.prune() == 1
