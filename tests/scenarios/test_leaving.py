"""Leaving: rows of the table in docs/install-flow.md."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from portals import tasks
from portals.bitrix24.errors import NotInstalled
from portals.lifecycle import presence, uninstall
from portals.models import Portal, PortalEvent, PortalToken, PortalTransition
from portals.tokens import pairs
from tests.portals.incoming.test_events import uninstall_of
from tests.scenarios.life import MEI, PRIYA, Install, note
from tests.support.clocks import Clocks
from tests.support.events import Events
from tests.support.opens import Opens, frame_data
from widget.models import Note

pytestmark = pytest.mark.django_db


def test_an_uninstall_ends_tokens_at_once_and_keeps_content_for_a_reinstall(
    events: Events, opens: Opens, installed: Install
) -> None:
    portal = installed()
    note(opens)
    opens.emulator.control.uninstall("alpha")

    assert events.deliver("ONAPPUNINSTALL").status == "done"

    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("deleted", "uninstalled")
    assert portal.application_token is None
    assert not PortalToken.objects.exists()
    assert Note.objects.count() == 1

    opens.install()
    portal.refresh_from_db()
    assert (portal.status, portal.erase_due_at) == ("active", None)
    opens.emulator.control.install_finish("alpha")
    assert "to be kept" in opens.widget("alpha", MEI, "chat22").content.decode()


def test_content_goes_after_the_retention_period(events: Events, opens: Opens, installed: Install) -> None:
    portal = installed()
    note(opens)
    opens.emulator.control.uninstall("alpha")
    events.deliver("ONAPPUNINSTALL")
    tasks.erase_due()
    assert Note.objects.exists()

    Portal.objects.filter(pk=portal.pk).update(erase_due_at=timezone.now())
    tasks.erase_due()

    assert not Note.objects.exists()
    assert not Portal.objects.exists()


def test_clean_erases_after_an_hour(events: Events, opens: Opens, installed: Install, clocks: Clocks) -> None:
    installed()
    note(opens)
    opens.emulator.control.uninstall("alpha", clean=True)
    events.deliver("ONAPPUNINSTALL")
    assert not PortalToken.objects.exists()
    clocks.advance(seconds=59 * 60)
    tasks.erase_due()
    assert Note.objects.exists()

    clocks.advance(seconds=120)
    tasks.erase_due()
    assert not Portal.objects.exists()
    assert not Note.objects.exists()
    assert list(PortalTransition.objects.values_list("new", "reason")) == [("deleted", "erased")]


@pytest.mark.parametrize("first", ["real", "forged"])
@pytest.mark.parametrize("together", [True, False])
def test_whoever_reads_the_application_token_cannot_have_erased_what_is_to_be_kept(  # noqa: PLR0917
    events: Events, opens: Opens, installed: Install, clocks: Clocks, first: str, together: bool
) -> None:
    """An employee who knows what comes posts CLEAN=1 before and after the administrator uninstalls with CLEAN=0."""
    portal = installed()
    note(opens)
    waiting = uninstall_of(portal, **{"data[CLEAN]": "1"})
    assert events.post(waiting).status_code == 200
    events.work()
    opens.emulator.control.uninstall("alpha", clean=False)
    real = events.sent("ONAPPUNINSTALL")
    forged = real | {"data[CLEAN]": "1", "ts": "1790000009"}
    for fields in (real, forged) if first == "real" else (forged, real):
        events.post(fields)
        if not together:
            events.work_later()
    for _ in range(3):
        events.work_later()
    assert standing(portal) == ("deleted", "uninstalled")
    clocks.advance(hours=2)
    tasks.erase_due()
    assert Note.objects.exists()


def hour_over() -> None:
    """Nobody has objected to an erasure."""
    Portal.objects.update(erase_due_at=F("erase_due_at") - uninstall.OBJECTION)
    tasks.erase_due()


def left_unheard(events: Events, opens: Opens, installed: Install, *, clean: bool = True) -> dict[str, str]:
    """A portal leaves, a refresh notices it first and parks it; returns the event that comes afterwards."""
    portal = installed()
    note(opens)
    opens.emulator.control.uninstall("alpha", clean=clean)
    token = portal.tokens.get()
    with pytest.raises(NotInstalled):
        pairs.refresh(token.pk, spent_generation=token.generation)
    assert Portal.objects.get().status == "blocked"
    return events.sent("ONAPPUNINSTALL")


def test_clean_is_heard_when_a_refresh_noticed_the_uninstall_first(
    events: Events, opens: Opens, installed: Install
) -> None:
    assert events.post(left_unheard(events, opens, installed)).status_code == 200
    events.work()
    hour_over()
    assert not Portal.objects.exists()
    assert not Note.objects.exists()


def test_a_late_event_that_keeps_content_is_the_last_word(
    events: Events, opens: Opens, installed: Install
) -> None:
    """Who reads the application token cannot have content erased that the administrator decided to keep."""
    event = left_unheard(events, opens, installed, clean=False)
    events.post(event)
    events.work()

    assert events.post(event, data__CLEAN="1").json() == {"error": "not_installed"}
    tasks.erase_due()
    assert Note.objects.exists()


def test_a_stranger_cannot_have_the_content_of_a_portal_erased_that_left(
    events: Events, opens: Opens, installed: Install
) -> None:
    event = left_unheard(events, opens, installed, clean=False)
    forged = {"data__CLEAN": "1", "auth__application_token": "f" * 32}
    assert events.post(event, **forged).json() == {"error": "application_token_wrong"}
    assert events.post(event, data__CLEAN="1", auth__application_token=None).status_code == 403
    events.work()
    assert Note.objects.exists()


def test_an_uninstall_event_is_awaited_for_a_week(events: Events, opens: Opens, installed: Install) -> None:
    event = left_unheard(events, opens, installed)
    Portal.objects.update(status_changed_at=timezone.now() - timedelta(days=8))
    presence.check(Portal.objects.get())
    assert Portal.objects.get().status_reason == "vanished"
    assert events.post(event).json() == {"error": "not_installed"}
    events.work()
    assert Note.objects.exists()


def test_a_reinstall_forgets_that_an_event_was_awaited(
    events: Events, opens: Opens, installed: Install
) -> None:
    left_unheard(events, opens, installed)
    opens.install()
    assert Portal.objects.get().application_token_digest == ""


def test_sessions_of_an_uninstalled_portal_end(events: Events, opens: Opens, installed: Install) -> None:
    installed()
    session = frame_data(opens.widget("alpha", PRIYA, "chat22"))["session"]
    opens.emulator.control.uninstall("alpha")
    events.deliver("ONAPPUNINSTALL")
    assert opens.api(session).call("GET", "notes/").status_code == 401


def test_an_uninstall_event_after_a_reinstall_is_ignored(
    events: Events, opens: Opens, installed: Install
) -> None:
    portal = installed()
    opens.emulator.control.uninstall("alpha", clean=True)
    late = events.sent("ONAPPUNINSTALL")
    installed()

    events.post(late)
    for _ in range(3):
        events.work_later()

    assert PortalEvent.objects.filter(event="ONAPPUNINSTALL").get().reason == "still_installed"
    portal.refresh_from_db()
    assert portal.status == "active"


def test_an_uninstall_that_the_authorization_server_learns_later_is_believed_then(
    events: Events, opens: Opens, installed: Install
) -> None:
    portal = installed()
    opens.emulator.control.uninstall("alpha")
    fields = events.sent("ONAPPUNINSTALL")
    opens.emulator.control.fault("oauth", "500")
    events.post(fields)
    events.work()
    portal.refresh_from_db()
    assert portal.status == "active"

    opens.emulator.control.fault("oauth")
    events.work_later()
    portal.refresh_from_db()
    assert portal.status == "deleted"


def test_an_uninstall_nobody_can_confirm_parks_and_destroys_nothing(
    events: Events, opens: Opens, installed: Install
) -> None:
    portal = installed()
    note(opens)
    opens.emulator.control.revoke("alpha", access=True, refresh=True)
    forged = {
        "event": "ONAPPUNINSTALL",
        "ts": "1790000000",
        "data[CLEAN]": "1",
        "auth[member_id]": portal.member_id,
        "auth[application_token]": portal.application_token or "",
    }
    events.post(forged)
    events.work()
    portal.refresh_from_db()
    assert portal.status == "blocked"
    assert Note.objects.exists()


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


def standing(portal: Portal) -> tuple[str, str]:
    return Portal.objects.values_list("status", "status_reason").get(pk=portal.pk)


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


@pytest.mark.parametrize("expiry_first", [False, True])
def test_an_uninstall_is_confirmed_by_what_the_scheduler_heard(
    events: Events, opens: Opens, installed: Install, clocks: Clocks, expiry_first: bool
) -> None:
    event = left_unheard(events, opens, installed)
    opens.emulator.control.authority(expiry_first=expiry_first)
    PortalToken.objects.update(refresh_due_at=timezone.now() + timedelta(days=1))
    clocks.advance(hours=2)
    events.post(event)
    events.work()
    hour_over()
    assert not Portal.objects.exists()


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


def test_a_wrong_secret_is_nobodys_uninstall(
    events: Events, opens: Opens, installed: Install, settings: Any
) -> None:
    """Nobody at all is renewed: the event waits, and the right secret brings the answer."""
    installed("beta")
    portal = installed()
    opens.emulator.control.uninstall("alpha")
    PortalToken.objects.update(access_token="d" * 70)
    right, settings.BITRIX24_CLIENT_SECRET = settings.BITRIX24_CLIENT_SECRET, "wrong"
    event = events.deliver("ONAPPUNINSTALL")
    assert (event.status, event.reason) == ("pending", "invalid_client")
    assert standing(portal)[0] == "active"

    settings.BITRIX24_CLIENT_SECRET = right
    PortalToken.objects.update(refresh_due_at=timezone.now())
    events.work_later()
    assert standing(portal) == ("deleted", "uninstalled")


def test_without_an_answer_a_look_changes_nothing(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.fault("oauth", "500")
    presence.check(portal)
    portal.refresh_from_db()
    assert portal.status == "active"
