"""The timeline: every row once and in order, however the pages fall."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portals.models import ApiCall, Portal, PortalEvent, PortalTransition
from portals.operations import timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal() -> Portal:
    """With rows of all kinds, three and more at each moment."""
    portal = Portal.objects.create(
        member_id="a" * 32, domain="a.example", client_endpoint="https://a.example/rest/"
    )
    other = Portal.objects.create(
        member_id="b" * 32, domain="b.example", client_endpoint="https://b.example/rest/"
    )
    start = timezone.now()
    for owner in (portal, other):
        for number in range(12):
            moment = start - timedelta(minutes=number // 4)
            code = "unreachable" if number % 3 == 0 else ""
            ApiCall.objects.create(
                portal=owner, host="h", method="m", duration=0.1, error_code=code, created_at=moment
            )
            PortalEvent.objects.create(
                portal=owner,
                member_id=owner.member_id,
                event="E",
                dedup_key=f"{owner.pk}-{number}",
                received_at=moment,
            )
            PortalTransition.objects.create(portal=owner, old="new", new="active", reason="installed")
        PortalTransition.objects.filter(portal=owner).update(created_at=start)
    return portal


@pytest.mark.parametrize("size", [1, 2, 5, 7, 36, 100])
def test_pages_join_without_a_gap_or_a_repeat(portal: Portal, size: int) -> None:
    seen: list[timeline.Entry] = []
    after = None
    while True:
        page = timeline.page(portal, after=after, size=size)
        assert len(page.entries) <= size
        seen += page.entries
        if page.next is None:
            break
        after = timeline.Cursor.read(str(page.next))
    assert len(seen) == len({(entry.kind, entry.row.pk) for entry in seen}) == 36
    assert all(entry.row.portal_id == portal.pk for entry in seen)
    assert [entry.order for entry in seen] == sorted((entry.order for entry in seen), reverse=True)


def test_views_narrow_it(portal: Portal) -> None:
    kinds = {view: [entry.kind for entry in timeline.page(portal, view).entries] for view in timeline.VIEWS}
    assert {view: (set(names), len(names)) for view, names in kinds.items()} == {
        "all": ({"transition", "event", "call"}, 36),
        "transitions": ({"transition"}, 12),
        "events": ({"event"}, 12),
        "calls": ({"call"}, 12),
        "errors": ({"call"}, 4),
    }


@pytest.mark.parametrize(
    "text", ["", "x", "1-call", "1-nobody-1", "1-call-x", "-1-call-1", "9" * 30 + "-call-1"]
)
def test_a_cursor_that_is_none_of_ours_is_none(text: str) -> None:
    assert timeline.Cursor.read(text) is None
