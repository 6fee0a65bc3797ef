"""Portals nobody hears of: lost uninstalls, closed and moved portals, and what the daily look makes of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portals import tasks
from portals.lifecycle import presence
from portals.models import Portal, PortalToken
from portals.tokens import pairs
from tests.scenarios.life import PRIYA, Install, note, standing
from tests.support.clocks import Clocks
from tests.support.events import Events
from tests.support.opens import Opens
from widget.models import Note

pytestmark = pytest.mark.django_db


def look_at_all() -> None:
    """What the workers do with the portals that are due."""
    for portal_id in presence.claim_due(10):
        tasks.check_portal(portal_id)


def test_a_lost_uninstall_is_noticed_and_parked_and_a_week_later_taken_as_one(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.uninstall("alpha")
    yesterday = timezone.now() - timedelta(days=2)
    Portal.objects.update(presence_due_at=yesterday, last_used_at=yesterday)

    look_at_all()

    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "not_installed")
    assert portal.tokens.exists()

    Portal.objects.update(presence_due_at=yesterday, status_changed_at=timezone.now() - timedelta(days=8))
    look_at_all()
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("deleted", "vanished")
    assert not portal.tokens.exists()


def test_a_portal_that_is_gone_is_parked_and_taken_back_when_it_answers(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    opens.emulator.control.fault("alpha", "portal404")
    presence.check(portal)
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "portal_gone")

    opens.emulator.control.fault("alpha")
    presence.check(portal)
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("active", "found_again")


def test_the_daily_look_spends_no_refresh_token_and_leaves_used_portals_alone(
    opens: Opens, installed: Install
) -> None:
    installed()
    assert opens.application("alpha", PRIYA).status_code == 200
    Portal.objects.update(presence_due_at=timezone.now())
    assert presence.claim_due(10) == []
    due_at = Portal.objects.get().presence_due_at
    assert due_at
    assert due_at > timezone.now(), "a portal in use is looked through once a day"
    Portal.objects.update(presence_due_at=timezone.now(), last_used_at=timezone.now() - timedelta(days=2))

    opens.emulator.control.forget_requests()
    look_at_all()
    calls = [r["kind"] for r in opens.emulator.control.requests() if r["method"] == "app.info"]
    assert calls == ["oauth", "rest"]
    assert not [r for r in opens.emulator.control.requests() if r["method"] == "oauth.token"]
    assert presence.claim_due(10) == []


def look_daily(clocks: Clocks, days: int) -> None:
    for _ in range(days):
        clocks.advance(days=1)
        Portal.objects.update(presence_due_at=timezone.now())
        look_at_all()


def refreshes(opens: Opens) -> int:
    return len([r for r in opens.emulator.control.requests() if r["method"] == "oauth.token"])


def test_a_portal_nobody_opens_is_missed_and_found_again_with_a_token_that_has_expired(
    opens: Opens, installed: Install, clocks: Clocks
) -> None:
    portal = installed()
    control = opens.emulator.control
    control.fault("alpha", "portal404")
    look_daily(clocks, 1)
    assert standing(portal) == ("blocked", "portal_gone")
    control.forget_requests()
    look_daily(clocks, 5)
    assert refreshes(opens) == 0

    control.fault("alpha")
    look_daily(clocks, 1)
    assert standing(portal) == ("active", "found_again")


def test_an_address_that_answers_calls_off_no_uninstall(
    opens: Opens, installed: Install, clocks: Clocks
) -> None:
    portal = installed()
    portal.block("portal_gone")
    Portal.objects.update(erase_due_at=timezone.now() + timedelta(days=90))
    look_daily(clocks, 1)
    assert standing(portal) == ("blocked", "portal_gone")
    assert Portal.objects.get().erase_due_at


def test_a_portal_without_a_token_is_not_taken_back_unseen(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.block("portal_gone")
    PortalToken.objects.update(dead_at=timezone.now())
    presence.check(Portal.objects.get())
    assert standing(portal) == ("blocked", "portal_gone")


def test_a_portal_nobody_opens_is_followed_to_its_new_address(
    opens: Opens, installed: Install, clocks: Clocks
) -> None:
    portal = installed()
    opens.emulator.control.rename("alpha", opens.emulator.spare_ports[0])
    look_daily(clocks, 1)
    before = portal.client_endpoint
    portal.refresh_from_db()
    assert portal.client_endpoint != before
    assert portal.status == "active"


@pytest.mark.parametrize("expiry_first", [False, True])
def test_an_uninstall_of_a_portal_nobody_opens_is_noticed_within_eight_days(
    opens: Opens, installed: Install, clocks: Clocks, expiry_first: bool
) -> None:
    portal = installed()
    opens.emulator.control.authority(expiry_first=expiry_first)
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.uninstall("alpha")
    look_daily(clocks, 7)
    assert standing(portal) == ("blocked", "not_installed")
    for _ in range(8):
        clocks.advance(days=1)
        # the scheduler is earlier, and asks again in its time
        tasks.refresh_tokens(*portal.tokens.values_list("pk", flat=True))
        Portal.objects.update(presence_due_at=timezone.now())
        look_at_all()
    assert standing(portal) == ("deleted", "vanished")


def test_looks_refresh_a_portal_nobody_opens_once_a_week_and_no_other(
    opens: Opens, installed: Install, clocks: Clocks
) -> None:
    installed()
    opens.emulator.control.forget_requests()
    look_daily(clocks, 23)
    assert refreshes(opens) == 3
    Portal.objects.update(last_used_at=timezone.now() + timedelta(days=3))
    look_daily(clocks, 7)
    assert refreshes(opens) == 3


def test_an_uninstall_in_the_words_of_a_wrong_client_is_carried_out(
    events: Events, opens: Opens, installed: Install, clocks: Clocks
) -> None:
    other, portal = installed("beta"), installed()
    note(opens)
    opens.emulator.control.authority(invalid_client=True)
    opens.emulator.control.uninstall("alpha", clean=True)
    pairs.refresh(other.tokens.get().pk, spent_generation=1)
    assert events.deliver("ONAPPUNINSTALL").reason == "unconfirmed"
    assert standing(portal) == ("blocked", "uninstall_unconfirmed")

    look_daily(clocks, 8)
    assert standing(portal) == ("blocked", "uninstall_unconfirmed")
    clocks.advance(days=81)
    tasks.erase_due()
    assert Note.objects.exists()
    clocks.advance(days=2)
    tasks.erase_due()
    assert list(Portal.objects.all()) == [other]
    assert not Note.objects.exists()


def test_without_an_answer_a_look_changes_nothing(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.fault("oauth", "500")
    presence.check(portal)
    portal.refresh_from_db()
    assert portal.status == "active"
