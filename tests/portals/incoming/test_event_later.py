"""Between the door and a worker days may pass, and an event stays only so long."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from structlog.contextvars import bound_contextvars, get_contextvars

from portals import tasks
from portals.incoming.events import inbox, registry, spool, work
from portals.incoming.events.registry import EventKind, Outcome
from portals.lifecycle import bindings
from portals.models import Portal, PortalEvent
from tests.portals.incoming.test_events import uninstall_of
from tests.support.events import Events

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("ONAPPUNINSTALL", "not_installed"), ("ONAPPPAYMENT", "not_installed"), ("ONAPPUPDATE", "not_active")],
)
@pytest.mark.parametrize("left", ["erased", "deleted"])
def test_an_event_of_a_portal_that_left_meanwhile_asks_nobody(
    events: Events, installed: Install, code: str, reason: str, left: str
) -> None:
    portal, control = installed(), events.emulator.control
    assert events.post(uninstall_of(portal, event=code)).json() == {"receipt": "stored"}
    if left == "erased":
        PortalEvent.objects.update(portal=None)
        portal.delete()
    else:
        portal.mark_deleted("uninstalled")
        Portal.objects.update(application_token_digest="")
    control.forget_requests()
    events.work()
    event = PortalEvent.objects.get()
    assert (event.status, event.reason) == ("ignored", reason)
    assert control.requests("oauth") == control.requests("rest") == []


def test_events_are_kept_for_a_month_and_those_that_wait_for_ever(installed: Install, settings: Any) -> None:
    settings.EVENT_RETENTION_DAYS = 30
    now = timezone.now()
    PortalEvent.objects.bulk_create(
        PortalEvent(
            member_id="f" * 32, event="ONAPPUPDATE", dedup_key=str(number), status="done", processed_at=now
        )
        for number in range(2_003)
    )
    PortalEvent.objects.update(received_at=now - timedelta(days=31))
    for status in ("done", "refused", "ignored", "failed"):
        row = PortalEvent.objects.create(
            member_id="f" * 32, event="E", dedup_key=status, status=status, processed_at=now
        )
        PortalEvent.objects.filter(pk=row.pk).update(received_at=now - timedelta(days=29))
    for days in (1, 31):
        row = PortalEvent.objects.create(member_id="f" * 32, event="W", dedup_key=f"w{days}")
        PortalEvent.objects.filter(pk=row.pk).update(received_at=now - timedelta(days=days))
    assert inbox.prune() == 2_003
    assert sorted(PortalEvent.objects.values_list("event", flat=True)) == ["E"] * 4 + ["W"] * 2
    tasks.prune_logs()
    assert PortalEvent.objects.count() == 6


@pytest.mark.parametrize(("clean", "days"), [("0", 30), ("1", 0)])
def test_a_late_uninstall_is_heard_within_a_day_until_content_is_kept(
    events: Events, installed: Install, clean: str, days: int
) -> None:
    """Somebody else noticed first that the portal had gone."""
    portal = installed()
    portal_fields = uninstall_of(portal, **{"data[CLEAN]": clean})
    portal.mark_deleted("vanished")
    assert events.post(portal_fields).json() == {"receipt": "stored"}
    events.work()
    assert PortalEvent.objects.get().status == "done"
    erase_due_at = Portal.objects.get().erase_due_at
    assert erase_due_at
    assert (erase_due_at - timezone.now()).days == days - (days > 0)
    again = events.post(portal_fields, ts="1790000001")
    assert again.json() == ({"error": "not_installed"} if days else {"receipt": "stored"})


@pytest.mark.parametrize(("hours", "heard"), [(23, True), (25, False)])
def test_an_uninstall_that_comes_a_day_late_is_nobodys_wish(
    events: Events, installed: Install, hours: int, heard: bool
) -> None:
    portal = installed()
    fields = uninstall_of(portal, **{"data[CLEAN]": "0"})
    portal.mark_deleted("vanished")
    Portal.objects.update(status_changed_at=timezone.now() - timedelta(hours=hours))
    events.post(fields)
    events.work()
    event = PortalEvent.objects.get()
    assert (event.status, event.reason) == (("done", "") if heard else ("ignored", "not_installed"))
    assert Portal.objects.filter(erase_due_at__gt=timezone.now()).exists()


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "application_token_missing"), ("0" * 32, "application_token_wrong")]
)
def test_a_late_uninstall_shows_the_token_that_the_portal_had(
    events: Events, installed: Install, token: str | None, reason: str
) -> None:
    portal = installed()
    fields = uninstall_of(portal)
    portal.mark_deleted("vanished")
    response = events.post(fields, auth__application_token=token)
    assert (response.status_code, response.json()) == (403, {"error": reason})


def test_an_update_that_the_application_token_vouches_for_binds_again(
    events: Events, installed: Install
) -> None:
    portal = installed()
    Portal.objects.update(handlers_digest="older", app_version=0)
    events.post(uninstall_of(portal, event="ONAPPUPDATE"))
    events.work()
    assert PortalEvent.objects.get().status == "done"
    portal.refresh_from_db()
    assert (portal.handlers_digest, portal.app_version) == (bindings.declaration_digest(), 1)


@pytest.mark.parametrize("token", [None, "0" * 32])
def test_an_update_that_shows_nothing_is_refused(
    events: Events, installed: Install, token: str | None
) -> None:
    fields = uninstall_of(installed(), event="ONAPPUPDATE")
    response = events.post(fields, auth__application_token=token)
    assert (response.status_code, response.json()) == (403, {"error": "token_missing"})
    assert not PortalEvent.objects.exists()


def test_trying_again_is_for_the_chosen_ones_that_failed(installed: Install) -> None:
    now = timezone.now()
    rows = [
        PortalEvent.objects.create(
            member_id="f" * 32,
            event="ONAPPPAYMENT",
            dedup_key=str(number),
            status=status,
            processed_at=now,
            attempts=120,
            looks=2,
        )
        for number, status in enumerate(["failed", "failed", "done"])
    ]
    assert inbox.requeue([rows[0].pk, rows[2].pk]) == 1
    found = PortalEvent.objects.order_by("pk").values_list("status", "attempts", "looks")
    assert list(found) == [("pending", 0, 0), ("failed", 120, 2), ("done", 120, 2)]
    assert len(inbox.dispatchable()) == 1


def test_an_event_that_fails_waits_longer_each_time_up_to_an_hour(events: Events, installed: Install) -> None:
    portal = installed()
    events.emulator.control.fault("oauth", "500")
    events.post(uninstall_of(portal))
    waits = []
    for _ in range(11):
        now = timezone.now()
        events.work_later()
        waits.append((PortalEvent.objects.get().due_at - now).total_seconds())
    for failures, wait in enumerate(waits, start=1):
        expected = min(15 * 2**failures, 3600)
        assert expected <= wait <= expected * 1.2 + 5


def test_a_spooled_event_that_no_key_opens_holds_up_no_other(
    events: Events, installed: Install, settings: Any
) -> None:
    portal = installed()
    known = settings.TOKEN_ENCRYPTION_KEYS
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert spool.keep({"event": "ONAPPUPDATE"})
    settings.TOKEN_ENCRYPTION_KEYS = known
    assert spool.keep(uninstall_of(portal))
    assert spool.drain(inbox.receive) == 2
    assert PortalEvent.objects.get().event == "ONAPPUNINSTALL"
    assert spool.drain(inbox.receive) == 0


@pytest.mark.parametrize(("size", "room"), [(7_000, True), (8_001, False)])
def test_the_spool_takes_no_event_that_is_too_long(size: int, room: bool) -> None:
    assert spool.keep({"event": "x" * size}) is room


@pytest.mark.parametrize(("of_the_event", "seen"), [("of-the-event", "of-the-event"), ("", "of-the-task")])
def test_what_an_event_causes_has_the_id_of_its_request(
    installed: Install, monkeypatch: pytest.MonkeyPatch, of_the_event: str, seen: str
) -> None:
    found = []

    class Probe(EventKind):
        code = "ONPROBE"

        def authenticate(self, event: object, portal: Portal | None) -> None:
            """Everybody."""

        def process(self, event: PortalEvent) -> Outcome:
            found.append(get_contextvars()["request_id"])
            return registry.DONE

    monkeypatch.setitem(registry._KINDS, Probe.code, Probe())
    event = PortalEvent.objects.create(
        member_id="f" * 32, event=Probe.code, dedup_key="k", request_id=of_the_event
    )
    with bound_contextvars(request_id="of-the-task"):
        work.process(event.pk, 0)
    assert found == [seen]


@pytest.mark.parametrize(
    ("told", "outcome", "status"),
    [
        ({"PAYMENT_EXPIRED": "Y"}, "unpaid", ("blocked", "unpaid")),
        ({"PAYMENT_EXPIRED": "N", "DAYS": -1}, "grace", ("active", "installed")),
        ({"PAYMENT_EXPIRED": "N", "DAYS": 0}, "paid", ("active", "installed")),
        ({"PAYMENT_EXPIRED": "N", "DAYS": None}, "paid", ("active", "installed")),
        ({"INSTALLED": False}, "unfinished", ("active", "installed")),
    ],
)
def test_a_payment_is_what_the_portal_says(
    events: Events, installed: Install, told: dict[str, Any], outcome: str, status: tuple[str, str]
) -> None:
    portal = installed()
    others = installed("beta")
    Portal.objects.update(licence_status="D")
    events.emulator.control.contradict("alpha", "app.info", {"STATUS": "S", **told})
    events.post(uninstall_of(portal, event="ONAPPPAYMENT"))
    events.work()
    assert PortalEvent.objects.get().reason == outcome
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == status
    assert portal.licence_status == "S"
    others.refresh_from_db()
    assert others.licence_status == "D"


def test_an_update_whose_handlers_are_not_bound_is_tried_again(events: Events, installed: Install) -> None:
    portal = installed()
    events.emulator.control.contradict("alpha", "placement.get", [])
    events.post(uninstall_of(portal, event="ONAPPUPDATE"))
    events.work()
    event = PortalEvent.objects.get()
    assert (event.status, event.reason.partition(":")[0]) == ("pending", "binding_failed")
