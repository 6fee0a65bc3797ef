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
from tests.scenarios.life import MEI, PRIYA, Install, note, standing
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
