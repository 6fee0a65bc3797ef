"""Payment, people and addresses: rows of the table in docs/install-flow.md."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from portals import tasks
from portals.bitrix24.errors import NotAdministrator
from portals.infrastructure.shared import broker_client
from portals.lifecycle import bindings, install, payments, presence, uninstall
from portals.models import Portal, PortalEvent, PortalToken
from portals.tokens import pairs, refresh
from tests.scenarios.life import ADMIN, MEI, PRIYA, Install, note
from tests.support.events import Events
from tests.support.opens import Opens
from widget.models import Note

pytestmark = pytest.mark.django_db


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


def queued() -> list[str]:
    """The tasks that wait; an event of before may have woken its dispatcher meanwhile."""
    waiting: list[bytes] = broker_client().lrange("celery", 0, -1)  # type: ignore[assignment]
    return [json.loads(message)["headers"]["task"] for message in waiting]


def test_a_refresh_has_the_portal_asked_whether_it_paid(opens: Opens, installed: Install) -> None:
    """Tokens may be renewed for who has not paid, too; and the event of a payment may be lost."""
    portal = installed()
    opens.emulator.control.fault("alpha", "unpaid")
    assert payments.check(portal) == "unpaid"
    for fault, status in (("unpaid", "blocked"), ("", "active")):
        opens.emulator.control.fault("alpha", fault)
        cache.clear()
        broker_client().delete("celery")
        for _ in range(2):
            tasks.refresh_tokens(*pairs.make_due([portal]))
        portal.refresh_from_db()
        assert (portal.status, portal.status_reason) == ("blocked", "unpaid")
        assert queued().count("portals.tasks.check_payment") == 1, "asked once in a while"

        tasks.check_payment(portal.pk)

        portal.refresh_from_db()
        assert portal.status == status


def test_whether_it_paid_stays_open_while_the_portal_is_away(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.block("unpaid")
    opens.emulator.control.fault("alpha", "500")
    tasks.check_payment(portal.pk)
    PortalToken.objects.update(dead_at=timezone.now())
    tasks.check_payment(portal.pk)
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "unpaid")


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
        install.reconcile(portal)

    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
    portal.refresh_from_db()
    assert portal.status == "active"
    install.reconcile(portal)


def demoted_second_administrator(opens: Opens) -> int:
    """Whoever brought the primary token is a colleague like any other now."""
    control = opens.emulator.control
    control.change_user("alpha", PRIYA, admin=True)
    assert opens.install("alpha", PRIYA).status_code == 200
    control.install_finish("alpha", user_id=PRIYA)
    control.change_user("alpha", PRIYA, admin=False)
    return PRIYA


def test_a_demoted_administrator_is_passed_over_at_once(opens: Opens, installed: Install) -> None:
    portal = installed()
    demoted = demoted_second_administrator(opens)
    install.reconcile(Portal.objects.get())
    portal.refresh_from_db()
    assert (portal.status, portal.handlers_digest) == ("active", bindings.declaration_digest())
    assert portal.tokens.get(user_id=demoted).last_error == "not_administrator"
    assert pairs.current(portal).user_id == ADMIN


def test_when_all_were_demoted_an_administrators_open_heals_and_binds(
    opens: Opens, installed: Install, django_capture_on_commit_callbacks: Any
) -> None:
    portal = installed()
    demoted_second_administrator(opens)
    opens.emulator.control.change_user("alpha", ADMIN, admin=False)
    with pytest.raises(NotAdministrator):
        install.reconcile(Portal.objects.get())
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "not_administrator")
    assert portal.tokens.alive().count() == 2
    presence.check(Portal.objects.get())
    tasks.refresh_tokens(*pairs.make_due([portal]))
    assert install.claim_stale(10) == [], "nobody is asked in vain every hour"
    assert opens.application("alpha", PRIYA).status_code == 200
    portal.refresh_from_db()
    assert portal.status == "blocked"

    opens.emulator.control.change_user("alpha", MEI, admin=True)
    with django_capture_on_commit_callbacks() as queued:
        assert opens.application("alpha", MEI).status_code == 200
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("active", "healed")
    assert len(queued) == 1
    tasks.reconcile_handlers(portal.pk)
    portal.refresh_from_db()
    assert portal.handlers_digest == bindings.declaration_digest()


def test_an_administrator_who_opens_a_notebook_heals_too(opens: Opens, installed: Install) -> None:
    portal = installed()
    for token in portal.tokens.all():
        refresh.bury(token, "invalid_grant")
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "token_dead")
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
    portal.refresh_from_db()
    assert portal.status == "blocked", "a member has no token that is worth keeping"

    assert opens.widget("alpha", ADMIN, "chat22").status_code == 200

    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("active", "healed")
    assert pairs.current(portal).user_id == ADMIN


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
        install.reconcile(portal)
    portal.refresh_from_db()
    assert portal.client_endpoint == before

    opens.emulator.control.fault("oauth")
    install.reconcile(portal)
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
    # Two chats: who opens one that a colleague has opened is known to the authorization server alone.
    forms = [opens.form("alpha", person, chat) for person, chat in ((PRIYA, "chat22"), (MEI, "chat24"))]
    control.forget_requests()
    for form in forms:
        form["url"] = form["url"].replace(portal.domain.replace(":", "%3A"), other_name.replace(":", "%3A"))
        assert other_name.replace(":", "%3A") in form["url"]
        assert opens.post(form).status_code == 200
    assert len(control.requests("oauth")) == 1
    assert uninstall.presence(portal) is uninstall.Presence.INSTALLED
