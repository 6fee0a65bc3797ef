"""The daily look, where one answer leads to the next question."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals.lifecycle import presence, uninstall
from portals.lifecycle.uninstall import Presence
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalToken, signals
from portals.tokens import pairs
from tests.scenarios.life import standing
from tests.support.clocks import Clocks
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


@pytest.mark.parametrize("trouble", ["", "revoked", "wrong secret", "pending", "interrupted"])
def test_a_move_nobody_can_confirm_is_a_portal_that_is_gone(
    opens: Opens, installed: Install, clocks: Clocks, settings: Any, trouble: str
) -> None:
    """The access token has ended, so that the address is worth one refresh; whatever comes of that, it is told."""
    portal, control = installed(), opens.emulator.control
    moved = control.rename("alpha", opens.emulator.spare_ports[0])
    clocks.advance(hours=2)
    now = timezone.now()
    Portal.objects.update(last_used_at=now)  # so that whether it is installed is not worth one
    portal.refresh_from_db()
    if trouble == "revoked":
        control.revoke("alpha", refresh=True)
    elif trouble == "wrong secret":
        settings.BITRIX24_CLIENT_SECRET = "wrong"
    elif trouble == "pending":
        PortalToken.objects.update(failures=1, refresh_due_at=now + timedelta(days=1))
    elif trouble == "interrupted":
        PortalToken.objects.update(spending_since=now - timedelta(hours=1))

    assert presence.check(portal) is Presence.UNKNOWN

    if trouble:
        assert standing(portal) == ("blocked", "portal_gone")
    else:
        portal.refresh_from_db()
        assert (portal.status, portal.client_endpoint) == ("active", f"{moved['url']}/rest/")


def test_a_parked_portal_is_worth_no_second_refresh(opens: Opens, installed: Install, clocks: Clocks) -> None:
    portal, control = installed(), opens.emulator.control
    portal.block("portal_gone")
    control.rename("alpha", opens.emulator.spare_ports[0])
    clocks.advance(hours=2)
    control.forget_requests()
    presence.check(portal)
    assert "oauth.token" not in [call["method"] for call in control.requests("oauth")]
    assert standing(portal) == ("blocked", "portal_gone")


@pytest.mark.parametrize(
    ("status", "reason", "used", "looked_at"),
    [
        ("active", "", None, True),
        ("active", "", 25, True),
        ("active", "", 23, False),
        ("blocked", "unpaid", 1, True),
        ("blocked", BLOCKED_BY_OPERATOR, None, False),
        ("new", "", None, False),
        ("deleted", "", None, False),
    ],
)
def test_who_is_looked_at(status: str, reason: str, used: int | None, looked_at: bool) -> None:
    """``used``: hours ago. Whoever is passed over is due again tomorrow all the same."""
    now = timezone.now()
    portal = Portal.objects.create(
        member_id="a" * 32,
        domain="a.example",
        client_endpoint="https://a.example/rest/",
        status=status,
        status_reason=reason,
        last_used_at=now - timedelta(hours=used) if used else None,
        presence_due_at=now,
        erase_due_at=now + timedelta(days=1) if status == "deleted" else None,
    )
    assert presence.claim_due(10) == ([portal.pk] if looked_at else [])
    portal.refresh_from_db()
    assert portal.presence_due_at is not None
    if status in ("active", "blocked"):
        assert portal.presence_due_at > now + timedelta(hours=19)
    else:
        assert portal.presence_due_at == now


def test_those_due_longest_are_looked_at_first_and_so_many() -> None:
    now = timezone.now()
    for hours in (2, 5, -1, 3):
        Portal.objects.create(
            member_id=f"{hours + 1:032x}",
            domain=f"h{hours}.example",
            client_endpoint=f"https://h{hours}.example/rest/",
            status="active",
            presence_due_at=now - timedelta(hours=hours),
        )
    names = dict(Portal.objects.values_list("pk", "domain"))
    found = [[names[pk] for pk in presence.claim_due(limit)] for limit in (1, 1, 5, 5)]
    assert found == [["h5.example"], ["h3.example"], ["h2.example"], []]


@pytest.mark.parametrize(
    ("renewed", "block", "used", "asked"),
    [(8, "", None, 1), (6, "", None, 0), (8, "", 6, 0), (8, "", 8, 1), (8, "unpaid", 6, 1)],
)
def test_a_refresh_for_a_look_is_for_who_was_not_heard_of_for_a_week(  # noqa: PLR0917
    installed: Install, clocks: Clocks, renewed: int, block: str, used: int | None, asked: int
) -> None:
    """``renewed`` and ``used`` so many days ago."""
    portal = installed()
    if block:
        portal.block(block)
    clocks.advance(hours=2)
    now = timezone.now()
    PortalToken.objects.update(refreshed_at=now - timedelta(days=renewed))
    Portal.objects.update(last_used_at=now - timedelta(days=used) if used else None)
    clocks.emulator.control.forget_requests()
    presence.check(Portal.objects.get())
    methods = [call["method"] for call in clocks.emulator.control.requests("oauth")]
    assert methods.count("oauth.token") == asked


@pytest.mark.parametrize(("days", "status"), [(6, "blocked"), (8, "deleted")])
def test_who_is_gone_for_a_week_has_left(opens: Opens, installed: Install, days: int, status: str) -> None:
    portal = installed()
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.uninstall("alpha")
    for moment in (timezone.now(), timezone.now() - timedelta(days=days)):
        assert presence.check(Portal.objects.get()) is Presence.GONE
        if standing(portal)[0] == "blocked":
            assert standing(portal) == ("blocked", "not_installed")
            Portal.objects.update(status_changed_at=moment)
    presence.check(Portal.objects.get())
    assert standing(portal)[0] == status


@pytest.mark.parametrize("may_refresh", [True, False])
def test_where_an_access_token_tells_no_refresh_token_is_spent(
    opens: Opens, installed: Install, may_refresh: bool
) -> None:
    portal, control = installed(), opens.emulator.control
    control.forget_requests()
    assert uninstall.presence(portal, may_refresh=may_refresh) is Presence.INSTALLED
    assert [call["method"] for call in control.requests("oauth")] == ["app.info"]
    control.events("alpha", lost=True)
    control.uninstall("alpha")
    control.forget_requests()
    assert uninstall.presence(portal, may_refresh=may_refresh) is Presence.GONE
    assert [call["method"] for call in control.requests("oauth")] == ["app.info"]


def test_who_has_not_paid_and_cannot_be_found_has_not_paid(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.block("unpaid")
    opens.emulator.control.fault("alpha", "portal404")
    presence.check(portal)
    assert Portal.objects.values_list("status", "status_reason").get() == ("blocked", "unpaid")


@pytest.mark.parametrize("way", ["look", "refresh"])
def test_who_had_not_paid_and_is_found_again_is_asked_about_it(
    opens: Opens, installed: Install, way: str
) -> None:
    """That the application seemed gone has taken the place of the reason."""
    portal = installed()
    portal.block("unpaid")
    portal.block("not_installed")
    asked: list[int] = []

    def note(sender: type[Portal], portal: Portal, **_: object) -> None:
        asked.append(portal.pk)

    signals.perhaps_paid.connect(note)
    try:
        if way == "look":
            presence.check(portal)
        else:
            pairs.refresh(portal.tokens.get().pk, spent_generation=1)
    finally:
        signals.perhaps_paid.disconnect(note)
    assert Portal.objects.get().status == "active"
    assert asked == [portal.pk]
