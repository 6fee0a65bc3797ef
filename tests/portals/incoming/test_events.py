"""The door of the inbox: who is let in, and that nothing forged changes anything."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from portals.incoming.events import inbox, registry, work
from portals.incoming.events.registry import EventKind, Outcome
from portals.models import EventCredentials, Portal, PortalEvent
from tests.support.events import Events
from tests.support.exposed import from_zero, scrape, value

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
FOREIGN = "f" * 32


@pytest.fixture
def portal(installed: Install) -> Portal:
    return installed()


def uninstall_of(portal: Portal, **changed: str | None) -> dict[str, str]:
    """An ONAPPUNINSTALL as a user of the portal could forge it."""
    fields = {
        "event": "ONAPPUNINSTALL",
        "ts": "1790000000",
        "data[CLEAN]": "1",
        "auth[domain]": portal.domain,
        "auth[member_id]": portal.member_id,
        "auth[application_token]": portal.application_token or "",
    }
    return {name: value for name, value in (fields | changed).items() if value is not None}


def unchanged(portal: Portal) -> None:
    current = Portal.objects.get(pk=portal.pk)
    assert (current.status, current.application_token) == (portal.status, portal.application_token)
    assert current.tokens.alive().exists()


def test_a_get_says_what_the_address_is_for(events: Events) -> None:
    response = events.client.get("/events/")
    assert response.status_code == 200
    assert "Chat Notebook" in response.content.decode()


def test_other_methods_are_refused(events: Events) -> None:
    assert events.client.put("/events/").status_code == 405


@pytest.mark.parametrize(
    ("token", "reason"),
    [("0" * 32, "application_token_wrong"), (None, "application_token_missing")],
)
def test_a_wrong_or_missing_application_token_is_refused(
    events: Events, portal: Portal, token: str | None, reason: str
) -> None:
    with capture_logs() as logs:
        response = events.post(uninstall_of(portal, **{"auth[application_token]": token}))

    assert (response.status_code, response.json()) == (403, {"error": reason})
    [refused] = [line for line in logs if line["event"] == "event_refused"]
    assert refused["reason"] == reason
    assert not PortalEvent.objects.exists()
    unchanged(portal)


def test_a_foreign_member_id_is_refused(events: Events, portal: Portal) -> None:
    with capture_logs() as logs:
        response = events.post(uninstall_of(portal), auth__member_id=FOREIGN)
    assert [line["portal"] for line in logs if line["event"] == "event_refused"] == [FOREIGN]
    assert (response.status_code, response.json()) == (404, {"error": "portal_unknown"})
    unchanged(portal)


def test_the_token_of_one_portal_opens_no_door_of_another(events: Events, installed: Install) -> None:
    alpha, beta = installed("alpha"), installed("beta")
    Portal.objects.filter(pk=beta.pk).update(application_token="b" * 32)
    assert events.post(uninstall_of(alpha), auth__member_id=beta.member_id).status_code == 403


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        (b'{"event": "ONAPPUNINSTALL"}', "application/json", 415, "not_a_form"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415, "not_a_form"),
        (b"ts=1", "application/x-www-form-urlencoded", 400, "event_missing"),
        (b"\x00\xff\xfe", "application/x-www-form-urlencoded", 400, "control_characters"),
        (b"event=ONAPPUNINSTALL&auth[member_id", "application/x-www-form-urlencoded", 400, None),
        (
            b"event=ONAPPUNINSTALL&auth[a]=1&auth=2",
            "application/x-www-form-urlencoded",
            400,
            "fields_conflict",
        ),
        (b"event=" + b"A" * 300_000, "application/x-www-form-urlencoded", 413, "body_too_large"),
        (
            b"event=ONAPPINSTALL&" + b"&".join(b"data[k%d]=1" % n for n in range(400)),
            "application/x-www-form-urlencoded",
            400,
            "too_many_fields",
        ),
        (
            b"&".join(b"k%d=1" % n for n in range(600)),
            "application/x-www-form-urlencoded",
            400,
            "too_many_fields",
        ),
    ],
)
def test_what_bitrix24_would_not_send_is_refused(
    events: Events, body: bytes, content_type: str, status: int, reason: str | None
) -> None:
    response = events.raw(body, content_type)
    assert response.status_code == status
    assert reason in (None, response.json()["error"])
    assert not PortalEvent.objects.exists()


def test_a_truncated_event_is_refused(events: Events, portal: Portal) -> None:
    response = events.raw(b"event=ONAPPUNINSTALL&ts=1790000000&data[CLEAN]=1&auth[member_id]=0123")
    assert (response.status_code, response.json()["error"]) == (400, "member_id_invalid")


def test_a_replayed_event_is_stored_once(events: Events, portal: Portal) -> None:
    fields = install_by(portal, "a" * 70)
    answers = [events.post(fields).json()["receipt"] for _ in range(3)]
    assert answers == ["stored", "duplicate", "duplicate"]
    assert PortalEvent.objects.count() == 1


def test_a_forged_uninstall_with_the_right_token_is_ignored(events: Events, portal: Portal) -> None:
    assert events.post(uninstall_of(portal)).status_code == 200
    events.work()
    events.work_later()
    with capture_logs() as logs:
        events.work_later()

    event = PortalEvent.objects.get()
    assert (event.status, event.reason, event.attempts) == ("ignored", "still_installed", 3)
    assert any(line["event"] == "event_processed" and line["reason"] == "still_installed" for line in logs)
    unchanged(portal)


def test_uninstalls_that_say_the_same_are_one(events: Events, portal: Portal) -> None:
    receipts = [
        events.post(uninstall_of(portal, ts=str(ts), **{"data[CLEAN]": clean})).json()["receipt"]
        for ts, clean in enumerate(["0", "0", "1", "1", "0"], 1790000000)
    ]
    assert receipts == ["stored", "merged", "stored", "merged", "merged"]


def test_one_that_stands_for_a_later_one_looks_again(events: Events, portal: Portal) -> None:
    """It had looked before the later one came; when it looks next is not for senders to say."""
    events.post(uninstall_of(portal))
    events.work()
    due_at = PortalEvent.objects.get().due_at
    assert events.post(uninstall_of(portal, ts="1790000001")).json() == {"receipt": "merged"}
    event = PortalEvent.objects.get()
    assert (event.looks, event.failures, event.due_at) == (0, 0, due_at)


def test_one_in_a_workers_hand_stands_for_no_other(events: Events, portal: Portal) -> None:
    """Its question may have been answered before the later one came."""
    events.post(uninstall_of(portal))
    inbox.dispatchable()
    assert events.post(uninstall_of(portal, ts="1790000001")).json() == {"receipt": "stored"}


def test_a_forged_install_does_not_replace_the_application_token(events: Events, portal: Portal) -> None:
    """By a user of the portal: the access token is real, but not an administrator's."""
    own = events.emulator.control.tokens("alpha", user_id=3)
    response = events.post(install_by(portal, own["access_token"]))
    assert response.status_code == 200
    events.work()

    event = PortalEvent.objects.get()
    assert (event.status, event.reason) == ("refused", "not_administrator")
    unchanged(portal)
    assert not EventCredentials.objects.exists()


@pytest.mark.parametrize("event", ["ONAPPINSTALL", "ONAPPUPDATE"])
def test_an_event_with_an_invented_access_token_changes_nothing(
    events: Events, portal: Portal, event: str
) -> None:
    assert events.post(install_by(portal, "a" * 70), event=event).status_code == 200
    events.work()
    assert (PortalEvent.objects.get().status, PortalEvent.objects.get().reason) == (
        "refused",
        "no_auth_found",
    )
    unchanged(portal)


def test_an_event_with_a_token_of_another_portal_changes_nothing(events: Events, installed: Install) -> None:
    alpha, _ = installed("alpha"), installed("beta")
    foreign = events.emulator.control.tokens("beta", user_id=1)
    events.post(install_by(alpha, foreign["access_token"]))
    events.work()
    assert PortalEvent.objects.get().reason == "foreign_portal"
    unchanged(alpha)


def test_an_install_event_without_an_access_token_is_refused(events: Events, portal: Portal) -> None:
    response = events.post(install_by(portal, ""))
    assert (response.status_code, response.json()["error"]) == (403, "token_missing")


def test_nobody_but_us_hears_of_a_forged_payment(events: Events, portal: Portal) -> None:
    """A hint: the portal is asked, and says that all is well."""
    fields = uninstall_of(portal, **{"event": "ONAPPPAYMENT", "auth[application_token]": None})
    for number in range(10):
        assert (
            events.post({**fields, "ts": str(1790000000 + number), "data[PAYMENT_EXPIRED]": "Y"}).status_code
            == 200
        )
    assert PortalEvent.objects.count() == 1
    events.work()
    assert set(PortalEvent.objects.values_list("status", "reason")) == {("done", "paid")}
    unchanged(portal)


def test_an_unknown_event_is_acknowledged_and_counted(events: Events, portal: Portal) -> None:
    from_zero()
    response = events.post(uninstall_of(portal, event="ONCRMDEALADD"))
    assert (response.status_code, response.json()) == (200, {"receipt": "unknown"})
    assert not PortalEvent.objects.exists()
    counted = scrape(events.client)
    assert value(counted, "chat_notebook_events_received_total", event="other", receipt="unknown") == 1


def test_payloads_are_stored_without_tokens(events: Events, portal: Portal) -> None:
    fields = events.sent("ONAPPINSTALL")
    events.post(fields)
    stored = str(PortalEvent.objects.values().get())
    secrets = [value for name, value in fields.items() if name.endswith("_token]")]
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret in stored]
    events.work()
    assert not EventCredentials.objects.exists()


def test_an_event_is_answered_without_a_call_outward(events: Events, portal: Portal) -> None:
    fields = events.sent("ONAPPINSTALL")
    events.emulator.control.forget_requests()
    events.post(fields)
    events.post(uninstall_of(portal))
    assert not events.emulator.control.requests("oauth")
    assert not events.emulator.control.requests("rest")


def test_a_burst_of_a_thousand_events_loses_none(
    events: Events, portal: Portal, monkeypatch: pytest.MonkeyPatch, burst: type[EventKind]
) -> None:
    for number in range(1000):
        answer = events.post(uninstall_of(portal, event=burst.code, ts=str(1790000000 + number)))
        assert answer.json() == {"receipt": "stored"}
    events.work()
    assert PortalEvent.objects.filter(status="done").count() == 1000


def test_a_failing_event_backs_off_shows_up_and_can_be_tried_again(
    events: Events, portal: Portal, burst: Any
) -> None:
    burst.fails = True
    events.post(uninstall_of(portal, event=burst.code))
    events.work()
    event = PortalEvent.objects.get()
    assert (event.status, event.reason, event.attempts) == ("pending", "internal:ZeroDivisionError", 1)
    assert not inbox.dispatchable()

    for _ in range(work.MOST_ATTEMPTS):
        events.work_later()
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("failed", work.MOST_ATTEMPTS)
    assert list(PortalEvent.objects.failing()) == [event]

    burst.fails = False
    assert inbox.requeue([event.pk]) == 1
    events.work()
    event.refresh_from_db()
    assert event.status == "done"


def test_what_a_worker_dropped_is_dispatched_again(events: Events, portal: Portal, burst: Any) -> None:
    events.post(uninstall_of(portal, event=burst.code))
    assert len(inbox.dispatchable()) == 1
    assert not inbox.dispatchable()
    events.work_later()
    assert PortalEvent.objects.get().status == "done"


def test_one_event_is_processed_by_one_worker_at_a_time(events: Events, portal: Portal, burst: Any) -> None:
    events.post(uninstall_of(portal, event=burst.code))
    event_id = PortalEvent.objects.get().pk
    assert inbox.claim(event_id, 0, seconds=60) is not None
    assert inbox.claim(event_id, 0, seconds=60) is None


@pytest.fixture
def burst(monkeypatch: pytest.MonkeyPatch) -> type[EventKind]:
    """A kind of event that is a file of its own would add: known, cheap, and failing on command."""

    class Probe(EventKind):
        code = "ONPROBE"
        most_waiting = 5_000
        fails = False

        def authenticate(self, event: object, portal: Portal | None) -> None:
            """Everybody."""

        def process(self, event: PortalEvent) -> Outcome:
            _ = 1 / (0 if type(self).fails else 1)
            return registry.DONE

    monkeypatch.setitem(registry._KINDS, Probe.code, Probe())
    return Probe


def install_by(portal: Portal, access_token: str) -> dict[str, str]:
    """An ONAPPINSTALL with somebody's access token and an application token of the forger's choice."""
    return {
        "event": "ONAPPINSTALL",
        "ts": "1790000000",
        "data[VERSION]": "1",
        "auth[access_token]": access_token,
        "auth[refresh_token]": "r" * 70,
        "auth[domain]": portal.domain,
        "auth[member_id]": portal.member_id,
        "auth[application_token]": "e" * 32,
    }
