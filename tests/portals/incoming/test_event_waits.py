"""Events that wait: for a refresh, for somebody to ask, for a worker; and the ones that are given up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portals.incoming.events import inbox, registry, work
from portals.incoming.events.registry import TryLater
from portals.lifecycle import uninstall
from portals.lifecycle.uninstall import Presence
from portals.models import EventCredentials, Portal, PortalEvent, PortalToken
from portals.tokens import pairs
from portals.tokens.pairs import RefreshPending
from tests.portals.incoming.test_event_kinds import process
from tests.portals.incoming.test_events import install_by, uninstall_of
from tests.scenarios.life import standing
from tests.support.events import Events
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
PRIYA = 3


def test_looks_are_counted_apart_from_failures(opens: Opens, events: Events, installed: Install) -> None:
    """Whatever failed before, the application is looked for again twice before it counts as there."""
    portal = installed()
    opens.emulator.control.fault("oauth", "500")
    event = process(events, uninstall_of(portal))
    for _ in range(2):
        events.work_later()
    event.refresh_from_db()
    assert (event.status, event.looks, event.failures) == ("pending", 0, 3)

    opens.emulator.control.fault("oauth")
    for looks in (1, 2):
        events.work_later()
        event.refresh_from_db()
        assert (event.status, event.reason, event.looks) == ("pending", "still_installed", looks)
    events.work_later()
    event.refresh_from_db()
    assert (event.status, event.reason, event.failures) == ("ignored", "still_installed", 4)


def test_a_look_happens_when_it_is_due_however_many_messages_there_are(
    events: Events, installed: Install
) -> None:
    portal = installed()
    event = process(events, uninstall_of(portal))
    assert (event.looks, event.attempts) == (1, 1)
    for _ in range(3):
        work.process(event.pk, event.attempts)
    event.refresh_from_db()
    assert (event.looks, event.attempts) == (1, 1)
    assert event.due_at > timezone.now()


@pytest.mark.parametrize("fault", ["access_denied", "portal404", "garbage"])
def test_an_uninstall_outlasts_every_answer_that_is_neither_yes_nor_no(
    opens: Opens, events: Events, installed: Install, fault: str
) -> None:
    portal = installed()
    opens.emulator.control.fault("oauth", fault)
    assert process(events, uninstall_of(portal)).status == "pending"


def test_an_event_waits_as_long_as_the_refresh_it_needs(events: Events, installed: Install) -> None:
    portal = installed()
    PortalToken.objects.update(
        expires_at=timezone.now() - timedelta(hours=1),
        failures=3,
        refresh_due_at=timezone.now() + timedelta(minutes=20),
    )
    fields = uninstall_of(portal, **{"event": "ONAPPPAYMENT", "auth[application_token]": None})
    event = process(events, fields)
    assert (event.status, event.reason) == ("pending", "refresh_pending")
    assert event.due_at > timezone.now() + timedelta(minutes=19)


def test_an_event_is_not_given_up_while_a_refresh_waits_for_days(
    events: Events, installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = installed()

    def pending(portal: Portal) -> Presence:
        raise RefreshPending("internal_server_error", 1)

    monkeypatch.setattr(uninstall, "presence", pending)
    event = process(events, uninstall_of(portal))
    waited = timedelta(0)
    while event.status == "pending" and waited < timedelta(days=4):
        event.refresh_from_db()
        waited += max(event.due_at - timezone.now(), timedelta(0))
        events.work_later()
    assert event.status == "pending"


@pytest.mark.parametrize("told", [True, False])
def test_an_uninstall_that_is_given_up_parks_with_what_was_heard(
    opens: Opens, events: Events, installed: Install, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    portal = installed()
    monkeypatch.setattr(work, "MOST_ATTEMPTS", 1)
    if not told:
        Portal.objects.update(application_token=None)
    opens.emulator.control.fault("oauth", "500")
    event = process(events, uninstall_of(portal), data__CLEAN="1")
    assert event.status == "failed"
    assert standing(portal) == ("blocked", "uninstall_unconfirmed")
    assert (Portal.objects.get().erase_due_at is not None) is told

    opens.emulator.control.fault("oauth")
    pairs.refresh(portal.tokens.get().pk, spent_generation=1)
    assert standing(portal) == ("active", "token_refreshed")
    assert Portal.objects.get().erase_due_at is None


def test_what_was_handed_out_is_handed_out_again_when_its_lease_ends(
    events: Events, installed: Install
) -> None:
    portal = installed()
    events.post(uninstall_of(portal))
    [(event_id, attempts)] = inbox.dispatchable()
    assert inbox.dispatchable() == []
    assert PortalEvent.objects.get().due_at <= timezone.now(), "it is due, whoever has it"
    PortalEvent.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert inbox.dispatchable() == [(event_id, attempts)]
    assert inbox.claim(event_id, attempts, seconds=60) is not None
    assert inbox.claim(event_id, attempts, seconds=60) is None


def test_what_failed_and_can_no_longer_be_proved_is_not_tried_again(
    admin_client: Client, events: Events, installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = installed()
    install: Any = registry.find("ONAPPINSTALL")
    monkeypatch.setattr(type(install), "process", _later)
    monkeypatch.setattr(work, "MOST_ATTEMPTS", 1)
    event = process(events, install_by(portal, "a" * 70))
    assert event.status == "failed"
    assert not EventCredentials.objects.exists()
    page = admin_client.post(
        "/admin/portals/portalevent/",
        {"action": "try_again", "_selected_action": [str(event.pk)]},
        follow=True,
    )
    assert "what proves them is gone" in page.content.decode()
    event.refresh_from_db()
    assert event.status == "failed"


def _later(*_: object) -> None:
    raise TryLater("not_today")
