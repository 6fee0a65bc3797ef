"""Installing: rows of the table in docs/install-flow.md."""

import pytest

from portals.lifecycle import bindings
from portals.models import Portal, PortalEvent, PortalToken
from tests.scenarios.life import ADMIN, EVENTS, Install, bound, transitions
from tests.support.events import Events
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db


def test_every_kind_of_event_is_bound_with_the_sidebar_item(opens: Opens, installed: Install) -> None:
    portal = installed()
    assert bound(opens) == (["http://127.0.0.1:8000/widget/"], EVENTS)
    assert portal.handlers_digest == bindings.declaration_digest()


def test_after_a_wizard_the_event_brings_the_application_token(events: Events, installed: Install) -> None:
    """An older portal posts none to the installer page."""
    assert installed("beta").application_token is None

    assert events.deliver("ONAPPINSTALL").status == "done"

    portal = Portal.objects.get()
    assert portal.application_token == events.sent("ONAPPINSTALL")["auth[application_token]"]
    assert transitions(portal) == [("new", "active", "installed")]


def test_an_application_without_interface_is_installed_by_its_event(events: Events, db: None) -> None:
    control = events.emulator.control
    control.application(
        events.emulator.client_id, has_interface=False, install_url="http://127.0.0.1:8000/events/"
    )
    assert control.install("alpha")["url"] == ""

    assert events.deliver("ONAPPINSTALL").status == "done"

    portal = Portal.objects.get()
    assert (portal.status, portal.application_token is None) == ("active", False)
    assert PortalToken.objects.count() == 1
    assert PortalEvent.objects.get().portal == portal


def test_a_doubled_install_event_changes_nothing_more(events: Events, installed: Install) -> None:
    portal = installed()
    fields = events.sent("ONAPPINSTALL")
    assert [events.post(fields).json()["receipt"] for _ in range(2)] == ["stored", "duplicate"]
    events.work()
    assert transitions(portal) == [("new", "active", "installed")]
    assert PortalToken.objects.count() == 1


def test_an_event_before_the_wizard(events: Events, opens: Opens) -> None:
    form = opens.emulator.control.install("alpha")
    pair = opens.emulator.control.tokens("alpha", user_id=ADMIN)
    address = opens.emulator.portals["alpha"]
    early = {
        "event": "ONAPPINSTALL",
        "ts": "1790000000",
        "auth[member_id]": address.member_id,
        "auth[domain]": address.domain,
        "auth[access_token]": pair["access_token"],
        "auth[refresh_token]": pair["refresh_token"],
        "auth[application_token]": form["fields"]["APPLICATION_TOKEN"],
    }
    events.post(early)
    events.work()
    assert Portal.objects.get().status == "active"

    assert opens.post(form).status_code == 200
    assert transitions(Portal.objects.get()) == [("new", "active", "installed")]


def test_a_late_install_event_does_not_bring_back_an_uninstalled_portal(
    events: Events, installed: Install
) -> None:
    portal = installed()
    late = events.sent("ONAPPINSTALL")
    events.emulator.control.uninstall("alpha")
    events.deliver("ONAPPUNINSTALL")

    events.post(late)
    events.work()

    assert PortalEvent.objects.latest("pk").status == "refused"
    portal.refresh_from_db()
    assert portal.status == "deleted"


def test_the_finish_never_came(opens: Opens) -> None:
    """The administrator closed the wizard: everything is bound, Bitrix24 opens the installer again."""
    opens.install()
    again = opens.application("alpha", ADMIN)
    assert frame_data(again) == {"finish": True}
    assert transitions(Portal.objects.get()) == [("new", "active", "installed")]


def test_an_operators_block_is_not_lifted_by_an_install(opens: Opens, installed: Install) -> None:
    installed().block("operator")
    assert opens.install().status_code == 403
    assert Portal.objects.get().status_reason == "operator"
