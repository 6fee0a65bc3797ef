"""Operators' acts: what they do to a portal, what they say, and who is written down."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from portals.infrastructure.call_log import CALLS
from portals.lifecycle.uninstall import uninstall
from portals.models import ApiCall, Portal, PortalEvent, PortalToken, PortalTransition, signals
from portals.operations import actions
from portals.operations.actions import Outcome
from portals.tokens import pairs as tokens
from tests.support.events import Events
from tests.support.opens import Opens, frame_data
from widget.models import Note

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
BY = "operator:mia"
CHAT = "chat21"


@pytest.fixture
def portal(installed: Install) -> Portal:
    portal = installed("alpha")
    CALLS.clear()
    return portal


def brief(outcome: Outcome) -> tuple[bool, str]:
    assert outcome.text
    return outcome.ok, outcome.reason


def standing(portal: Portal) -> tuple[str, str]:
    return Portal.objects.values_list("status", "status_reason").get(pk=portal.pk)


def last_transition(portal: Portal) -> tuple[str, str, str, str]:
    return portal.transitions.values_list("old", "new", "reason", "by").first()  # type: ignore[return-value]


def test_verify_asks_both_servers_and_files_the_calls_under_portal_and_operator(portal: Portal) -> None:
    assert brief(actions.verify(portal, BY)) == (True, "alive")
    calls = ApiCall.objects.order_by("pk").values_list("portal", "method", "by")
    assert list(calls) == [(portal.pk, "oauth.app.info", BY), (portal.pk, "app.info", BY)]


@pytest.mark.parametrize("reason", ["token_dead", "portal_gone", "not_installed", "uninstall_unconfirmed"])
def test_verify_lifts_what_both_servers_disprove(portal: Portal, reason: str) -> None:
    portal.block(reason)
    assert brief(actions.verify(portal, BY)) == (True, "alive")
    assert standing(portal) == ("active", "verified")
    assert last_transition(portal) == ("blocked", "active", "verified", BY)


@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        ("oauth 500", "internal_server_error", "active"),
        ("oauth unpaid", "payment_required", "blocked"),
        ("oauth not_installed", "not_installed", "blocked"),
        ("alpha 500", "internal_server_error", "active"),
        ("alpha unpaid", "unpaid", "blocked"),
        ("alpha portal404", "http_404", "blocked"),
        ("alpha access_denied", "access_denied", "active"),
        ("alpha garbage", "not_json", "active"),
    ],
)
def test_verify_settles_the_status_by_the_error(
    opens: Opens, portal: Portal, fault: str, reason: str, status: str
) -> None:
    opens.emulator.control.fault(*fault.split())
    assert brief(actions.verify(portal, BY)) == (False, reason)
    assert standing(portal)[0] == status
    if status != "active":
        assert last_transition(portal)[3] == BY


def test_verify_without_a_token_that_works_waits_for_an_administrator(opens: Opens, portal: Portal) -> None:
    opens.emulator.control.revoke("alpha", access=True, refresh=True)
    assert brief(actions.verify(portal, BY)) == (False, "token_dead")
    assert standing(portal) == ("blocked", "token_dead")
    assert last_transition(portal)[3] == BY
    assert opens.application("alpha", 1).status_code == 200
    assert standing(portal) == ("active", "healed")


def test_verify_ends_no_installation_by_one_answer(opens: Opens, portal: Portal) -> None:
    opens.emulator.control.fault("oauth", "not_installed", times=2)
    assert brief(actions.verify(portal, BY)) == (False, "not_installed")
    assert standing(portal) == ("blocked", "not_installed")
    assert portal.tokens.alive().exists()
    opens.emulator.control.fault("oauth")
    assert brief(actions.verify(portal, BY)) == (True, "alive")
    assert standing(portal) == ("active", "verified")


def test_a_refresh_of_all_tokens_goes_on_after_one_that_has_to_wait(opens: Opens, portal: Portal) -> None:
    PortalToken.objects.update(spending_since=timezone.now(), leased_until=timezone.now())
    opens.emulator.control.change_user("alpha", 3, admin=True)
    pair = opens.emulator.control.tokens("alpha", 3)
    older = tokens.store(portal, 3, pair["access_token"], pair["refresh_token"], timezone.now())
    PortalToken.objects.filter(pk=older.pk).update(stored_at=timezone.now() - timedelta(days=1))
    assert brief(actions.refresh(portal, BY)) == (False, "refresh_pending")
    older.refresh_from_db()
    assert older.generation == 2


def test_verify_of_an_uninstalled_portal_asks_nobody(opens: Opens, portal: Portal) -> None:
    uninstall(portal, clean=False)
    opens.emulator.control.forget_requests()
    assert brief(actions.verify(portal, BY)) == (False, "deleted")
    assert opens.emulator.control.requests() == []


def test_refresh_replaces_the_pair_whatever_it_waits_for(portal: Portal) -> None:
    PortalToken.objects.update(failures=4)
    assert brief(actions.refresh(portal, BY)) == (True, "refreshed")
    assert PortalToken.objects.get().generation == 2
    assert list(ApiCall.objects.values_list("portal", "method", "by")) == [(portal.pk, "oauth.token", BY)]


def test_refresh_says_what_the_authorization_server_refuses(opens: Opens, portal: Portal) -> None:
    opens.emulator.control.fault("oauth", "unpaid")
    assert brief(actions.refresh(portal, BY)) == (False, "payment_required")
    assert standing(portal) == ("blocked", "unpaid")
    PortalToken.objects.update(dead_at=timezone.now())
    assert brief(actions.refresh(portal, BY)) == (False, "token_dead")


def test_refresh_does_not_spend_a_token_that_is_being_spent(opens: Opens, portal: Portal) -> None:
    PortalToken.objects.update(spending_since=timezone.now(), failures=1)
    assert brief(actions.refresh(portal, BY)) == (False, "refresh_pending")
    assert [r for r in opens.emulator.control.requests("oauth") if r["method"] == "oauth.token"] == []


def test_reconcile_binds_what_is_missing(opens: Opens, portal: Portal) -> None:
    opens.emulator.control.update("alpha", 2, installer=False)
    assert opens.emulator.control.installation("alpha")["events"] == []
    assert brief(actions.reconcile(portal, BY)) == (True, "reconciled")
    assert len(opens.emulator.control.installation("alpha")["events"]) > 1
    portal.block("unpaid")
    assert brief(actions.reconcile(portal, BY)) == (False, "not_active")


def test_an_operators_block_holds_against_everything_and_says_why(opens: Opens, portal: Portal) -> None:
    assert brief(actions.block(portal, BY, "Breaks the terms, see the mail of May 3")) == (True, "blocked")
    line = portal.transitions.first()
    assert line is not None
    assert (line.new, line.reason, line.by) == ("blocked", "operator", BY)
    assert line.note.startswith("Breaks the terms")

    assert opens.application("alpha", 1).context["reason"] == "portal_blocked"
    assert opens.install("alpha").context["reason"] == "portal_blocked"
    assert not portal.heal()
    assert not portal.recover("found_again")
    portal.block("unpaid")
    assert brief(actions.verify(portal, BY)) == (True, "alive_but_blocked")
    assert standing(portal) == ("blocked", "operator")
    assert portal.transitions.count() == 2


def test_an_operators_block_outlives_uninstalling(opens: Opens, portal: Portal) -> None:
    actions.block(portal, BY, "abuse")
    opens.emulator.control.uninstall("alpha")
    uninstall(portal, clean=False)
    uninstall(portal, clean=False)
    assert standing(portal) == ("deleted", "operator")
    assert last_transition(portal)[:3] == ("blocked", "deleted", "uninstalled")
    assert opens.install("alpha").context["reason"] == "portal_blocked"

    assert brief(actions.unblock(portal, BY)) == (True, "unblocked")
    assert standing(portal) == ("deleted", "unblocked")
    assert opens.install("alpha").status_code == 200
    assert standing(portal) == ("active", "installed")


def test_unblock_lifts_an_operators_block_and_no_other(opens: Opens, portal: Portal) -> None:
    portal.block("unpaid")
    assert brief(actions.unblock(portal, BY)) == (False, "not_blocked_by_operator")
    actions.block(portal, BY, "abuse")
    assert brief(actions.unblock(portal, BY)) == (True, "unblocked")
    assert last_transition(portal) == ("blocked", "active", "unblocked", BY)
    assert opens.application("alpha", 1).status_code == 200


def test_unblock_does_not_pretend_that_a_portal_without_token_works(portal: Portal) -> None:
    actions.block(portal, BY, "abuse")
    PortalToken.objects.update(dead_at=timezone.now())
    assert brief(actions.unblock(portal, BY)) == (True, "token_dead")
    assert standing(portal) == ("blocked", "token_dead")


def test_export_is_all_we_hold_and_no_token(opens: Opens, events: Events, portal: Portal) -> None:
    for chat, text in ((CHAT, "kept"), ("chat22", "of another chat"), ("chat22", "deleted")):
        opens.api(frame_data(opens.widget("alpha", 3, chat))["session"]).add(text)
    Note.objects.filter(text="deleted").update(deleted_at=timezone.now())
    Note.objects.get(text="kept").revisions.create(
        version=1, text="earlier", editor_id=3, editor_name="Priya", written_at=timezone.now()
    )
    events.deliver("ONAPPINSTALL")
    CALLS.flush()
    document = "".join(actions.export(portal, BY))
    held = json.loads(document)

    assert held["portal"]["member_id"] == portal.member_id
    assert {row["reason"] for row in held["history"]} == {"installed"}
    assert [row["user_id"] for row in held["tokens"]] == [1]
    assert [row["event"] for row in held["events"]] == ["ONAPPINSTALL"]
    assert len(held["calls"]) == ApiCall.objects.filter(portal=portal).count() > 0
    notes = {chat["chat_id"]: [note["text"] for note in chat["notes"]] for chat in held["chats"]}
    assert notes == {21: ["kept"], 22: ["of another chat"]}
    assert "earlier" in document
    token = PortalToken.objects.get()
    portal.refresh_from_db()
    for secret in (token.access_token, token.refresh_token, portal.application_token):
        assert secret
        assert secret not in document


def test_erase_leaves_one_line_that_names_its_author(opens: Opens, portal: Portal) -> None:
    opens.api(frame_data(opens.widget("alpha", 3, CHAT))["session"]).add("text")
    assert brief(actions.erase(portal, BY)) == (True, "erased")
    for model in (Portal, PortalToken, PortalEvent, ApiCall, Note):
        assert not model.objects.exists()
    line = PortalTransition.objects.get()
    assert (line.member_id, line.reason, line.by) == (portal.member_id, "erased", BY)
    assert opens.widget("alpha", 1, CHAT).status_code == 404
    assert brief(actions.erase(portal, BY)) == (False, "portal_unknown")


def test_erase_does_not_claim_what_a_new_installation_prevented(opens: Opens, portal: Portal) -> None:
    opens.api(frame_data(opens.widget("alpha", 3, CHAT))["session"]).add("text")

    def installs_again(portal: Portal, **_: object) -> None:
        Portal.objects.get(pk=portal.pk).install()

    signals.deleted.connect(installs_again)
    try:
        assert brief(actions.erase(portal, BY)) == (False, "installed_again")
    finally:
        signals.deleted.disconnect(installs_again)
    assert Note.objects.count() == 1


def test_each_act_is_one_line_of_the_log_with_author_and_reason_and_no_secret(
    opens: Opens, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.refresh_from_db()
    pairs = [(token.access_token, token.refresh_token) for token in PortalToken.objects.all()]
    for act in (actions.verify, actions.refresh, actions.reconcile):
        act(portal, BY)
    pairs += [(token.access_token, token.refresh_token) for token in PortalToken.objects.all()]
    actions.block(portal, BY, "said in confidence")
    actions.unblock(portal, BY)
    list(actions.export(portal, BY))
    secret = portal.application_token
    actions.erase(portal, BY)

    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    acts = [(line["act"], line["reason"]) for line in lines if line["event"] == "operator_act"]
    assert acts == [
        ("verify", "alive"),
        ("refresh", "refreshed"),
        ("reconcile", "reconciled"),
        ("block", "blocked"),
        ("unblock", "unblocked"),
        ("export", "exported"),
        ("erase", "erased"),
    ]
    assert {line["by"] for line in lines if line["event"] == "operator_act"} == {BY}
    assert {line["by"] for line in lines if line["event"] == "portal_erased"} == {BY}
    told = [secret, "said in confidence", *(token for pair in pairs for token in pair)]
    assert not [text for text in told if text and text in caplog.text]


def test_what_bitrix24_causes_has_no_author(portal: Portal) -> None:
    actions.verify(portal, BY)
    portal.block("unpaid")
    assert last_transition(portal) == ("active", "blocked", "unpaid", "")
