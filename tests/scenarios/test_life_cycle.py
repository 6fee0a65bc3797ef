"""The life of an installation: each test is a row of the table in docs/install-flow.md."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals import gateway, handlers, installs, presence, tasks, uninstalls
from portals.handlers import SidebarSettings
from portals.models import Portal, PortalEvent, PortalToken, PortalTransition
from tests.support.events import Events
from tests.support.opens import Opens, frame_data
from widget.models import Note

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
ADMIN, PRIYA, MEI = 1, 3, 7
EVENTS = ["ONAPPINSTALL", "ONAPPPAYMENT", "ONAPPUNINSTALL", "ONAPPUPDATE"]


def transitions(portal: Portal) -> list[tuple[str, str, str]]:
    return list(portal.transitions.order_by("pk").values_list("old", "new", "reason"))


def note(opens: Opens, text: str = "to be kept") -> None:
    page = opens.widget("alpha", PRIYA, "chat22")
    assert page.status_code == 200, page.content
    opens.api(frame_data(page)["session"]).add(text)


def bound(opens: Opens, key: str = "alpha") -> tuple[list[str], list[str]]:
    state = opens.emulator.control.installation(key)
    placements = [item["handler"] for item in state["placements"]]
    return placements, sorted(item["event"] for item in state["events"])


# --- Installing ----------------------------------------------------------------------------------------------


def test_every_kind_of_event_is_bound_with_the_sidebar_item(opens: Opens, installed: Install) -> None:
    portal = installed()
    assert bound(opens) == (["http://127.0.0.1:8000/widget/"], EVENTS)
    assert portal.handlers_digest == handlers.declaration_digest()


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


# --- Updating ------------------------------------------------------------------------------------------------


def test_an_update_binds_again_what_it_dropped(events: Events, opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.update("alpha", version=2)
    assert bound(opens)[1] == []

    assert events.deliver("ONAPPUPDATE").status == "done"

    assert bound(opens)[1] == EVENTS
    portal.refresh_from_db()
    assert portal.app_version == 2
    assert portal.application_token == events.sent("ONAPPUPDATE")["auth[application_token]"]


def test_an_update_without_event_is_noticed_at_an_open(
    opens: Opens, installed: Install, django_capture_on_commit_callbacks: Any
) -> None:
    portal = installed()
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.update("alpha", version=2)
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200

    installs.reconcile(portal)  # the task that the drift has queued

    assert bound(opens)[1] == EVENTS
    assert Portal.objects.get().app_version == 2


def test_a_changed_public_url_heals_the_handlers(opens: Opens, installed: Install, settings: Any) -> None:
    portal = installed()
    assert installs.stale(10) == []
    settings.PUBLIC_URL = "http://127.0.0.1:8009"
    assert installs.stale(10) == [portal.pk]

    tasks.reconcile_handlers(portal.pk)

    assert bound(opens) == (["http://127.0.0.1:8009/widget/"], EVENTS)
    assert {item["handler"] for item in opens.emulator.control.installation("alpha")["events"]} == {
        "http://127.0.0.1:8009/events/"
    }
    assert installs.stale(10) == []


def test_two_reconciles_at_once_end_in_one_set_of_handlers(opens: Opens) -> None:
    """Both start from a portal that has nothing bound."""
    form = opens.emulator.control.install("alpha")
    endpoint = opens.emulator.portals["alpha"].client_endpoint
    client = gateway.rest(endpoint, form["fields"]["AUTH_ID"])
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(handlers.reconcile, client, [], SidebarSettings(), attempts=4) for _ in range(4)]
    assert [run.exception() for run in runs] == [None] * 4
    assert bound(opens) == (["http://127.0.0.1:8000/widget/"], EVENTS)


def test_a_reconcile_that_finds_everything_in_place_only_looks(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.forget_requests()
    installs.reconcile(portal)
    assert [r["method"] for r in opens.emulator.control.requests("rest")] == ["batch"]


def test_a_reconcile_that_failed_is_tried_again_after_an_hour(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.fault("alpha", "500")
    with pytest.raises(Exception, match="internal_server_error"):
        installs.reconcile(portal)
    assert installs.stale(10) == []
    Portal.objects.update(handlers_tried_at=timezone.now() - timedelta(hours=2))
    assert installs.stale(10) == [portal.pk]


# --- Uninstalling --------------------------------------------------------------------------------------------


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


def test_clean_erases_at_once(events: Events, opens: Opens, installed: Install) -> None:
    installed()
    note(opens)
    opens.emulator.control.uninstall("alpha", clean=True)
    events.post(events.sent("ONAPPUNINSTALL"))
    events.work()
    assert not Portal.objects.exists()
    assert not Note.objects.exists()
    assert list(PortalTransition.objects.values_list("new", "reason")) == [("deleted", "erased")]


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


def test_a_lost_uninstall_is_noticed_and_parked_and_a_week_later_taken_as_one(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.uninstall("alpha")
    yesterday = timezone.now() - timedelta(days=2)
    Portal.objects.update(presence_due_at=yesterday, last_used_at=yesterday)

    tasks.check_presence()

    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "not_installed")
    assert portal.tokens.exists()

    Portal.objects.update(presence_due_at=yesterday, status_changed_at=timezone.now() - timedelta(days=8))
    tasks.check_presence()
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
    portal = installed()
    Portal.objects.update(presence_due_at=timezone.now())
    assert presence.due(10) == []
    Portal.objects.update(last_used_at=timezone.now() - timedelta(days=2))
    assert presence.due(10) == [portal.pk]

    opens.emulator.control.forget_requests()
    tasks.check_presence()
    calls = [r["kind"] for r in opens.emulator.control.requests() if r["method"] == "app.info"]
    assert calls == ["oauth", "rest"]
    assert not [r for r in opens.emulator.control.requests() if r["method"] == "oauth.token"]
    assert presence.due(10) == []


def test_without_an_answer_a_look_changes_nothing(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.fault("oauth", "500")
    presence.check(portal)
    portal.refresh_from_db()
    assert portal.status == "active"


# --- Payment -------------------------------------------------------------------------------------------------


def test_a_trial_that_ended_blocks_and_a_payment_heals(
    events: Events, opens: Opens, installed: Install
) -> None:
    portal = installed()
    note(opens)
    opens.emulator.control.payment("alpha", paid=False, status="T")
    assert events.deliver("ONAPPPAYMENT").reason == "unpaid"
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "unpaid")
    assert Note.objects.exists()

    opens.emulator.control.forget_requests()
    opens.emulator.control.payment("alpha", paid=True, status="P")
    assert events.deliver("ONAPPPAYMENT").reason == "paid"
    portal.refresh_from_db()
    assert (portal.status, portal.licence_status) == ("active", "P")


def test_in_the_grace_period_everything_goes_on(events: Events, opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.payment("alpha", paid=True, status="P", days=-3)
    assert events.deliver("ONAPPPAYMENT").reason == "grace"
    portal.refresh_from_db()
    assert portal.status == "active"
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200


# --- Who installed is gone -----------------------------------------------------------------------------------


def test_the_installer_was_dismissed_and_another_administrator_heals(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    control = opens.emulator.control
    control.change_user("alpha", ADMIN, kind="dismissed")
    control.change_user("alpha", PRIYA, admin=True)
    with pytest.raises(Exception, match="authorization_error"):
        installs.reconcile(portal)

    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
    portal.refresh_from_db()
    assert portal.status == "active"
    installs.reconcile(portal)


def test_the_application_moved_to_a_system_user(events: Events, opens: Opens, installed: Install) -> None:
    """Its events then carry tokens of a user who is nobody's colleague: bound again with what proves itself."""
    portal = installed()
    control = opens.emulator.control
    control.add_user("alpha", id=900, name="rest", last_name="system", admin=True)
    pair = control.tokens("alpha", user_id=900)
    fields = {
        "event": "ONAPPUPDATE",
        "ts": "1790000000",
        "data[VERSION]": "1",
        "auth[member_id]": portal.member_id,
        "auth[access_token]": pair["access_token"],
        "auth[refresh_token]": pair["refresh_token"],
        "auth[application_token]": portal.application_token or "",
    }
    events.post(fields)
    events.work()
    assert PortalEvent.objects.get().status == "done"
    assert set(portal.tokens.values_list("user_id", flat=True)) == {ADMIN, 900}


# --- Addresses -----------------------------------------------------------------------------------------------


def test_a_renamed_portal_is_confirmed_and_stored(opens: Opens, installed: Install) -> None:
    portal = installed()
    moved = opens.emulator.control.rename("alpha", opens.emulator.spare_ports[0])
    form = opens.form("alpha", PRIYA, "chat22")
    opens.emulator.control.forget_requests()

    assert opens.post(form).status_code == 200

    portal.refresh_from_db()
    assert portal.client_endpoint == f"{moved['url']}/rest/"
    assert portal.domain == moved["url"].removeprefix("http://")
    calls = [r["kind"] for r in opens.emulator.control.requests() if r["kind"] != "event_out"]
    assert calls == ["oauth", "rest"]


def test_a_redirect_alone_moves_nothing(opens: Opens, installed: Install) -> None:
    """The redirect is a hint: without the authorization server's word the old address stays."""
    portal = installed()
    opens.emulator.control.rename("alpha", opens.emulator.spare_ports[0])
    opens.emulator.control.fault("oauth", "500")
    before = portal.client_endpoint
    with pytest.raises(Exception, match="internal_server_error"):
        installs.reconcile(portal)
    portal.refresh_from_db()
    assert portal.client_endpoint == before

    opens.emulator.control.fault("oauth")
    installs.reconcile(portal)
    portal.refresh_from_db()
    assert portal.client_endpoint != before


def test_a_domain_that_passes_to_another_portal_mixes_up_nothing(opens: Opens, installed: Install) -> None:
    alpha = installed()
    note(opens, "of alpha")
    control = opens.emulator.control
    control.rename("alpha", opens.emulator.spare_ports[0])
    successor = control.takeover("alpha")
    control.forget_requests()

    assert opens.install(successor["key"]).status_code == 200
    control.install_finish(successor["key"], user_id=1)

    new = Portal.objects.get(member_id=successor["member_id"])
    alpha.refresh_from_db()
    assert new.client_endpoint == f"{successor['url']}/rest/"
    assert (alpha.status, alpha.status_reason, alpha.client_endpoint) == ("blocked", "address_lost", "")

    page = opens.widget("alpha", MEI, "chat22")
    assert page.status_code == 200
    assert "of alpha" in page.content.decode()
    alpha.refresh_from_db()
    assert (alpha.status, alpha.domain) == ("active", f"localhost:{opens.emulator.spare_ports[0]}")
    old_tenants = set(alpha.tokens.values_list("pk", flat=True))
    assert old_tenants.isdisjoint(new.tokens.values_list("pk", flat=True))


def test_no_token_goes_to_an_address_that_may_be_somebody_elses(opens: Opens, installed: Install) -> None:
    installed()
    control = opens.emulator.control
    control.rename("alpha", opens.emulator.spare_ports[0])
    successor = control.takeover("alpha")
    form = opens.form("alpha", PRIYA, "chat22")
    control.forget_requests()

    assert opens.post(form).status_code == 200

    assert not [r for r in control.requests("rest") if r["portal"] == successor["key"]]


def test_a_portal_under_two_names_costs_one_question_an_hour(opens: Opens, installed: Install) -> None:
    portal = installed()
    control = opens.emulator.control
    other_name = opens.emulator.portals["alpha"].domain.replace("localhost", "intranet.example")
    forms = [opens.form("alpha", person, "chat22") for person in (PRIYA, MEI)]
    control.forget_requests()
    for form in forms:
        form["url"] = form["url"].replace(portal.domain.replace(":", "%3A"), other_name.replace(":", "%3A"))
        assert other_name.replace(":", "%3A") in form["url"]
        assert opens.post(form).status_code == 200
    assert len(control.requests("oauth")) == 1
    assert uninstalls.presence(portal) is uninstalls.Presence.INSTALLED
