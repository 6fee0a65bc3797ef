"""Daily counts: what is counted, stored once however often, and bounded."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portals import counts, tasks
from portals.counts import Kind
from portals.journal import CALLS
from portals.models import DailyCount
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db


def test_opens_and_calls_are_counted_and_storing_twice_changes_nothing(opens: Opens) -> None:
    opens.install("alpha")
    opens.emulator.control.install_finish("alpha", user_id=1)
    for _ in range(2):
        assert opens.widget("alpha", 3, "chat22").status_code == 200
    assert opens.widget("alpha", 3, "chat999").status_code == 403
    CALLS.flush()
    tasks.store_counts()
    tasks.store_counts()
    assert counts.by_day(Kind.OPEN, 1) == {"": [2]}
    calls = counts.by_day(Kind.CALL, 1)
    assert calls[""][0] >= 3


def test_errors_are_counted_by_code_and_sums_grow(opens: Opens) -> None:
    counts.add(Kind.CALL, {"unreachable": 2, "": 5})
    counts.store()
    counts.add(Kind.CALL, {"unreachable": 1})
    counts.store()
    assert counts.by_day(Kind.CALL, 2) == {"unreachable": [0, 3], "": [0, 5]}


def test_a_portal_that_invents_codes_does_not_fill_the_table(opens: Opens) -> None:
    counts.add(Kind.CALL, {f"invented_{number}": 1 for number in range(300)} | {"": 1000})
    counts.store()
    assert DailyCount.objects.count() == 101
    stored = counts.by_day(Kind.CALL, 1)
    assert stored[""] == [1000]
    assert stored[counts.OTHER] == [201]


def test_old_counts_are_pruned() -> None:
    today = timezone.now().date()
    for age in (0, 399, 401):
        DailyCount.objects.create(day=today - timedelta(days=age), kind=Kind.OPEN, value=1)
    assert counts.prune() == 1
