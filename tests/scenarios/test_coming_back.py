"""Portals that we lost or deleted, and updates that wait: rows of the table in docs/install-flow.md."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals import tasks
from portals.models import Portal, PortalToken
from portals.operations import actions
from portals.tokens import pairs
from tests.scenarios.life import ADMIN, EVENTS, MEI, PRIYA, Install, bound, note, transitions
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db


def deleted_by_mistake(portal: Portal) -> None:
    """The authorization server erred for a week, and afterwards knows better."""
    portal.mark_deleted("vanished")


def told(response: Any) -> tuple[int, str]:
    return response.status_code, response.context["reason"]


# --- Lost or deleted here, installed there ---


def test_an_administrator_who_opens_the_application_page_brings_a_deleted_portal_back(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    note(opens)
    deleted_by_mistake(portal)

    page = opens.application("alpha", ADMIN)

    assert page.status_code == 200
    assert frame_data(page)["session"]
    portal.refresh_from_db()
    assert (portal.status, portal.erase_due_at) == ("active", None)
    assert portal.tokens.alive().count() == 1
    assert "to be kept" in opens.widget("alpha", MEI, "chat22").content.decode()


def test_an_administrator_who_opens_the_application_page_installs_a_portal_we_lost(
    opens: Opens, installed: Install
) -> None:
    installed().delete()
    opens.emulator.control.update("alpha", version=1, installer=False)  # which drops its event handlers
    assert bound(opens)[1] == []

    assert opens.application("alpha", ADMIN).status_code == 200

    portal = Portal.objects.get()
    assert transitions(portal) == [("new", "active", "installed")]
    assert bound(opens)[1] == EVENTS
    assert portal.application_token


def test_members_of_a_lost_portal_are_told_whom_it_takes(opens: Opens, installed: Install) -> None:
    portal = installed()
    deleted_by_mistake(portal)
    page = opens.application("alpha", PRIYA)
    assert told(page) == (403, "not_installed")
    assert "An administrator of your Bitrix24 brings it back by opening" in page.content.decode()
    assert told(opens.widget("alpha", PRIYA, "chat22")) == (403, "not_installed")

    portal.delete()
    assert told(opens.application("alpha", PRIYA)) == (404, "portal_unknown")
    assert told(opens.widget("alpha", PRIYA, "chat22")) == (404, "portal_unknown")
    assert not Portal.objects.exists()


def test_an_operators_block_of_a_deleted_portal_is_not_opened_away(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.block("operator")
    portal.mark_deleted("uninstalled")
    opens.emulator.control.forget_requests()
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    assert told(opens.post(form)) == (403, "portal_blocked")
    # Of what was sent to us before some may be on its way still.
    assert not [each for each in opens.emulator.control.requests() if each["kind"] != "event_out"]
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("deleted", "operator")


@pytest.mark.parametrize("forged", ["another portal", "invented", "really uninstalled"])
def test_nobody_else_brings_a_portal_back(opens: Opens, installed: Install, forged: str) -> None:
    portal = installed()
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    portal.mark_deleted("uninstalled")
    token = None
    match forged:
        case "another portal":
            opens.emulator.control.install("beta")
            token = opens.emulator.control.tokens("beta", ADMIN)["access_token"]
        case "invented":
            token = "0" * 70
        case _:
            opens.emulator.control.uninstall("alpha")
    changed = {"AUTH_ID": token} if token else {}
    assert opens.post(form, **changed).status_code == 403
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("deleted", "uninstalled")
    assert not PortalToken.objects.exists()


# --- A new version waits for its installer ---


@pytest.fixture
def waiting(opens: Opens, installed: Install) -> Portal:
    """alpha got a new version, and no event said so."""
    portal = installed()
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.update("alpha", version=2, installer=True)
    assert not opens.emulator.control.installation("alpha")["installed"]
    return portal


def test_a_new_version_that_waits_for_its_installer_is_no_uninstall(opens: Opens, waiting: Portal) -> None:
    yesterday = timezone.now() - timedelta(days=2)
    for _ in range(2):
        Portal.objects.update(presence_due_at=yesterday, last_used_at=yesterday, status_changed_at=yesterday)
        tasks.check_presence()
    token = waiting.tokens.get()
    pairs.refresh(token.pk, spent_generation=token.generation)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.status_reason) == ("active", "installed")
    assert waiting.tokens.alive().exists()


def test_the_installer_of_a_new_version_ends_the_waiting(opens: Opens, waiting: Portal) -> None:
    note_of_before = waiting.installed_at
    assert opens.emulator.control.open("alpha", PRIYA, placement="DEFAULT")["gate"] == "not_installed"

    page = opens.application("alpha", ADMIN)
    assert frame_data(page) == {"finish": True}
    opens.emulator.control.install_finish("alpha", user_id=ADMIN)

    assert bound(opens)[1] == EVENTS
    waiting.refresh_from_db()
    assert (waiting.app_version, waiting.installed_at) == (2, note_of_before)
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200


def test_verify_says_that_a_new_version_waits(opens: Opens, waiting: Portal) -> None:
    outcome = actions.verify(waiting, "command")
    assert (outcome.ok, outcome.reason) == (True, "unfinished")
    assert "until an administrator" in outcome.text


# --- The last open ---


def test_the_last_open_is_an_open_and_nothing_else(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.refresh_from_db()
    assert (portal.installed_at is None, portal.last_used_at) == (False, None)

    opens.widget("alpha", PRIYA, "chat22")
    portal.refresh_from_db()
    first, opened = portal.installed_at, portal.last_used_at
    assert opened

    opens.install()  # as a new version does
    portal.refresh_from_db()
    assert (portal.installed_at, portal.last_used_at) == (first, opened)

    portal.mark_deleted("uninstalled")
    opens.install()
    portal.refresh_from_db()
    assert portal.installed_at != first
    assert portal.last_used_at is None
