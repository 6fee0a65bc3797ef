"""What each kind of event does when portal, authorization server and what we have stored do not agree."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from portals import tasks
from portals.lifecycle import presence, uninstall
from portals.lifecycle.uninstall import Presence
from portals.models import EventCredentials, Portal, PortalEvent, PortalToken
from portals.operations.troubles import TROUBLES
from tests.portals.incoming.test_events import install_by, uninstall_of
from tests.scenarios.life import EVENTS, bound, note, standing
from tests.support.clocks import Clocks
from tests.support.events import Events
from tests.support.opens import Opens
from widget.models import Note

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
PRIYA = 3


def process(events: Events, fields: dict[str, str], **changed: str | None) -> PortalEvent:
    """Deliver an event and let the workers have it."""
    response = events.post(fields, **changed)
    assert response.status_code == 200, response.content
    events.work()
    return PortalEvent.objects.latest("pk")


def without_token(portal: Portal) -> None:
    PortalToken.objects.filter(portal=portal).update(dead_at=timezone.now())


# --- ONAPPUNINSTALL ----------------------------------------------------------------------------------------


def test_clean_of_a_portal_that_never_told_its_token_could_be_anybodys_wish(
    opens: Opens, events: Events, installed: Install
) -> None:
    portal = installed("beta")
    assert portal.application_token is None
    opens.emulator.control.uninstall("beta", clean=True)
    assert process(events, events.sent("ONAPPUNINSTALL"), auth__application_token=None).status == "done"
    assert standing(portal) == ("deleted", "uninstalled")
    erase_due_at = Portal.objects.get().erase_due_at
    assert erase_due_at
    assert erase_due_at > timezone.now() + timedelta(days=1)


def test_an_unconfirmed_uninstall_leaves_the_reason_of_a_block(events: Events, installed: Install) -> None:
    portal = installed()
    without_token(portal)
    portal.block("unpaid")
    assert process(events, uninstall_of(portal)).reason == "unconfirmed"
    assert standing(portal) == ("blocked", "unpaid")


def test_an_unconfirmed_uninstall_erases_when_nobody_came_for_ninety_days(
    opens: Opens, events: Events, installed: Install
) -> None:
    portal = installed()
    note(opens)
    without_token(portal)
    process(events, uninstall_of(portal))
    assert standing(portal) == ("blocked", "uninstall_unconfirmed")
    assert list(TROUBLES["unconfirmed"].narrow(Portal.objects.all())) == [portal]

    Portal.objects.update(erase_due_at=F("erase_due_at") - timedelta(days=89))
    tasks.erase_due()
    assert Note.objects.exists()
    Portal.objects.update(erase_due_at=timezone.now(), last_used_at=timezone.now() - timedelta(days=90))
    tasks.erase_due()
    assert not Portal.objects.exists()
    assert not Note.objects.exists()


@pytest.mark.parametrize("way", ["install", "operator's block", "living token", "no application token"])
def test_what_calls_off_the_erasure_of_an_unconfirmed_uninstall(
    opens: Opens, events: Events, installed: Install, way: str
) -> None:
    portal = installed()
    without_token(portal)
    if way == "no application token":
        Portal.objects.update(application_token=None)
    process(events, uninstall_of(portal))
    Portal.objects.filter(erase_due_at__isnull=False).update(erase_due_at=timezone.now())
    if way == "install":
        opens.install()
    elif way == "operator's block":
        portal.refresh_from_db()
        portal.block("operator")
    elif way == "living token":
        PortalToken.objects.update(dead_at=None)
    tasks.erase_due()
    assert Portal.objects.filter(pk=portal.pk).exists()


def test_people_who_go_on_call_off_the_erasure_of_an_unconfirmed_uninstall(
    opens: Opens, events: Events, installed: Install, clocks: Clocks
) -> None:
    """Without a token of ours nobody can confirm anything, but the portal lets its people in all the same."""
    portal = installed()
    note(opens)
    without_token(portal)
    process(events, uninstall_of(portal, **{"data[CLEAN]": "1"}))
    for _ in range(16):
        clocks.advance(days=7)
        assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
        tasks.erase_due()
    assert Note.objects.exists()
    clocks.advance(days=91)
    tasks.erase_due()
    assert not Note.objects.exists()


def test_an_operators_block_gives_an_unconfirmed_uninstall_all_its_time_again(
    opens: Opens, events: Events, installed: Install
) -> None:
    """Nobody could call it off while the block held."""
    portal = installed()
    note(opens)
    without_token(portal)
    process(events, uninstall_of(portal))
    portal.refresh_from_db()
    portal.block("operator")
    assert opens.application("alpha", 1).status_code == 403
    Portal.objects.update(erase_due_at=timezone.now() - timedelta(days=1))

    assert Portal.objects.get().unblock()
    tasks.erase_due()
    assert Note.objects.exists()
    assert standing(portal) == ("blocked", "token_dead")
    long_ago = timezone.now() - timedelta(days=91)
    Portal.objects.update(erase_due_at=F("erase_due_at") - timedelta(days=91), last_used_at=long_ago)
    tasks.erase_due()
    assert not Note.objects.exists()


def test_the_term_of_an_unconfirmed_uninstall_begins_once(events: Events, installed: Install) -> None:
    portal = installed()
    without_token(portal)
    process(events, uninstall_of(portal))
    Portal.objects.update(erase_due_at=F("erase_due_at") - timedelta(days=30))
    before = Portal.objects.get().erase_due_at
    process(events, uninstall_of(portal, ts="1790000001"))
    assert Portal.objects.get().erase_due_at == before


def test_a_portal_that_works_again_has_no_end_set(events: Events, installed: Install) -> None:
    portal = installed()
    without_token(portal)
    process(events, uninstall_of(portal))
    PortalToken.objects.update(dead_at=None)
    assert Portal.objects.get().recover("found_again")
    assert Portal.objects.get().erase_due_at is None


def test_an_unconfirmed_uninstall_is_asked_of_every_living_token(
    opens: Opens, events: Events, installed: Install
) -> None:
    """The newest may be dead, unknown to us, while another administrator's would tell."""
    portal = installed()
    token = portal.tokens.get()
    token.pk, token.user_id, token.stored_at = None, 99, timezone.now()
    token.access_token = token.refresh_token = "d" * 70
    token.save()
    opens.emulator.control.uninstall("alpha")
    assert process(events, events.sent("ONAPPUNINSTALL")).status == "done"


def test_whether_it_is_installed_is_not_known_while_its_installer_is_open(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    opens.emulator.control.update("alpha", version=2, installer=True)
    assert uninstall.presence(portal, may_refresh=False) is Presence.UNKNOWN


# --- waiting -----------------------------------------------------------------------------------------------


# --- ONAPPUPDATE, ONAPPPAYMENT, leaving --------------------------------------------------------------------


@pytest.mark.parametrize("key", ["alpha", "beta"])
def test_an_update_with_an_employees_token_changes_and_asks_nothing_of_the_portals(
    opens: Opens, events: Events, installed: Install, key: str
) -> None:
    portal = installed(key)
    own = opens.emulator.control.tokens(key, user_id=PRIYA)
    opens.emulator.control.forget_requests()
    fields = install_by(portal, own["access_token"]) | {"event": "ONAPPUPDATE"}
    event = process(events, fields, **({"auth__application_token": None} if key == "beta" else {}))
    assert (event.status, event.reason) == ("refused", "not_administrator")
    assert len(opens.emulator.control.requests("rest")) == 1, "who is it? and nothing else"


@pytest.mark.parametrize("token", ["ended", "unknown"])
def test_an_update_that_comes_when_its_token_has_ended_binds_again(
    opens: Opens, events: Events, installed: Install, clocks: Clocks, token: str
) -> None:
    """It shows the application token, so it is Bitrix24's; what it asks for is done with the portal's own token."""
    portal = installed()
    opens.emulator.control.update("alpha", version=2, installer=False)
    fields = events.sent("ONAPPUPDATE") | {"auth[application_token]": portal.application_token or ""}
    if token == "ended":
        clocks.advance(seconds=61 * 60)
    else:
        fields["auth[access_token]"] = "d" * 70
    assert process(events, fields).status == "done"
    assert bound(opens)[1] == EVENTS
    assert Portal.objects.get().app_version == 2


@pytest.mark.parametrize("status", ["blocked", "deleted"])
def test_an_update_of_a_portal_that_is_not_active_is_ignored(
    opens: Opens, events: Events, installed: Install, status: str
) -> None:
    portal = installed()
    fields = uninstall_of(portal, event="ONAPPUPDATE")
    events.post(fields)
    if status == "blocked":
        portal.block("unpaid")
    else:
        portal.mark_deleted("uninstalled")
    opens.emulator.control.forget_requests()
    events.work()
    event = PortalEvent.objects.get()
    assert (event.status, event.reason) == ("ignored", "not_active")
    assert not opens.emulator.control.requests("rest")


def test_a_payment_of_a_portal_that_left_is_refused(events: Events, installed: Install) -> None:
    portal = installed()
    fields = uninstall_of(portal, event="ONAPPPAYMENT")
    portal.mark_deleted("uninstalled")
    response = events.post(fields)
    assert (response.status_code, response.json()) == (403, {"error": "not_installed"})


def test_a_payment_nobody_can_ask_about_is_ignored(events: Events, installed: Install) -> None:
    portal = installed()
    without_token(portal)
    event = process(events, uninstall_of(portal, event="ONAPPPAYMENT"))
    assert (event.status, event.reason) == ("ignored", "no_token")


def test_tokens_that_came_with_events_go_when_the_portal_leaves(events: Events, installed: Install) -> None:
    portal = installed()
    events.post(events.sent("ONAPPINSTALL"))
    assert EventCredentials.objects.exists()
    portal.mark_deleted("uninstalled")
    assert not EventCredentials.objects.exists()


# --- the clock's work --------------------------------------------------------------------------------------


def test_overlapping_runs_look_at_no_portal_twice(installed: Install) -> None:
    installed()
    Portal.objects.update(presence_due_at=timezone.now(), last_used_at=None)
    assert len(presence.claim_due(10)) == 1
    assert presence.claim_due(10) == []
