"""Attacks with forged events: every kind that we know, from whoever can reach the address."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portals.incoming.events import inbox, registry
from portals.infrastructure.shared import redis_client
from portals.lifecycle import uninstall
from portals.models import EventCredentials, Portal, PortalEvent
from portals.outgoing import suspicion
from tests.security.conftest import ADMIN, PRIYA, PUBLIC_ADDRESS, Install, unharmed
from tests.support.clocks import Clocks
from tests.support.events import Events
from widget.models import Chat

pytestmark = pytest.mark.django_db
KINDS = registry.bound_codes()


def event(portal: Portal, code: str, **fields: str | None) -> dict[str, str]:
    """An event as somebody forges it; ``fields`` are those of ``auth``, None leaves one out."""
    auth = {"domain": "attacker.example", "member_id": portal.member_id,
            "client_endpoint": "https://attacker.example/rest/",
            "server_endpoint": "https://attacker.example/rest/",
            "access_token": "a" * 70, "refresh_token": "r" * 70,
            "application_token": "e" * 32} | fields  # fmt: skip
    form = {"event": code, "ts": "1790000000", "data[CLEAN]": "1", "data[VERSION]": "9"}
    return form | {f"auth[{name}]": value for name, value in auth.items() if value is not None}


def after(events: Events, fields: dict[str, str]) -> Any:
    """Deliver, and let the workers do all that follows."""
    response = events.post(fields)
    for _ in range(4):
        events.work_later()
    return response


@pytest.fixture(autouse=True)
def _content(alpha: Portal) -> None:
    Chat.objects.create(portal=alpha, chat_id=22)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    code: str = request.param
    return code


def test_event_with_invented_tokens(events: Events, alpha: Portal, kind: str) -> None:
    after(events, event(alpha, kind))
    unharmed(alpha)
    assert Chat.objects.exists()
    assert not EventCredentials.objects.exists()


def test_event_with_the_real_application_token(events: Events, alpha: Portal, kind: str) -> None:
    """Every viewer's browser holds it: it lets an event in, and proves nothing that could destroy."""
    after(events, event(alpha, kind, application_token=alpha.application_token))
    unharmed(alpha)
    assert Chat.objects.exists()


def test_event_with_an_employees_token(events: Events, alpha: Portal, kind: str) -> None:
    own = events.emulator.control.tokens("alpha", PRIYA)["access_token"]
    after(events, event(alpha, kind, access_token=own))
    unharmed(alpha)
    assert Chat.objects.exists()


def test_event_with_an_administrators_token_of_another_portal(
    events: Events, alpha: Portal, beta: Portal, kind: str
) -> None:
    own = events.emulator.control.tokens("beta", ADMIN)["access_token"]
    after(events, event(alpha, kind, access_token=own))
    unharmed(alpha)
    unharmed(beta)


def test_event_with_another_applications_token(events: Events, alpha: Portal, kind: str) -> None:
    applications = events.emulator.control.state()["applications"]
    foreign = next(client for client in applications if client != events.emulator.client_id)
    events.emulator.control.install("alpha", client_id=foreign)
    own = events.emulator.control.tokens("alpha", ADMIN, client_id=foreign)["access_token"]
    after(events, event(alpha, kind, access_token=own))
    unharmed(alpha)


def test_event_for_a_portal_nobody_knows(events: Events, alpha: Portal, kind: str) -> None:
    """A stranger's event leaves no portal, no tokens and no row."""
    after(events, event(alpha, kind, member_id="f" * 32))
    assert list(Portal.objects.all()) == [alpha]
    assert not PortalEvent.objects.exists()
    assert not EventCredentials.objects.exists()
    unharmed(alpha)


def test_event_without_an_application_token_at_an_older_portal(
    events: Events, beta: Portal, kind: str
) -> None:
    """A portal that told us none cannot be protected by it: the authorization server decides alone."""
    assert beta.application_token is None
    after(events, event(beta, kind, application_token=None, access_token=None))
    unharmed(beta)


def test_event_replayed(events: Events, alpha: Portal, installed: Install) -> None:
    """An uninstall that was true once is not true again after the reinstall."""
    events.emulator.control.uninstall("alpha")
    fields = events.sent("ONAPPUNINSTALL")
    after(events, fields)
    assert Portal.objects.get().status == "deleted"
    installed("alpha")
    after(events, fields)
    after(events, fields | {"ts": "1890000000"})
    assert Portal.objects.get().status == "active"
    assert uninstall.due_for_erasure(10) == []


def test_event_that_takes_a_real_ones_place(events: Events, alpha: Portal) -> None:
    """A forgery with the time and data of a real event does not make the real one a repetition."""
    real = event(alpha, "ONAPPINSTALL")
    forged = real | {"auth[access_token]": "b" * 70}
    assert events.post(forged).json() == {"receipt": "stored"}
    assert events.post(real).json() == {"receipt": "stored"}


def test_events_that_fill_the_inbox(events: Events, alpha: Portal) -> None:
    """Of one portal, of one kind, and of portals that do not exist: each has a bound."""
    for number in range(40):
        events.post(event(alpha, "ONAPPINSTALL") | {"ts": str(1790000000 + number)})
    assert PortalEvent.objects.count() == 20
    answers = {
        events.post(event(alpha, "ONAPPINSTALL", member_id=f"{number:032x}")).status_code
        for number in range(205)
    }
    assert answers == {200, 503}
    assert PortalEvent.objects.filter(portal=None).count() == 200
    # From elsewhere strangers are still heard.
    elsewhere = Client(REMOTE_ADDR=PUBLIC_ADDRESS)
    assert (
        Events(events.emulator, elsewhere).post(event(alpha, "ONAPPINSTALL", member_id="e" * 32)).status_code
        == 200
    )
    # A portal that installed us is still heard.
    assert events.post(event(alpha, "ONAPPUPDATE")).json() == {"receipt": "stored"}


def test_forged_uninstalls_do_not_push_out_the_real_one(events: Events, alpha: Portal) -> None:
    """Every viewer's browser holds the application token; of wishes that differ the one to keep content counts."""
    real = event(alpha, "ONAPPUNINSTALL", application_token=alpha.application_token)
    for number in range(100):
        events.post(real | {"ts": str(1790000000 + number), "data[CLEAN]": str(-number)})
    events.emulator.control.uninstall("alpha", clean=True)
    after(events, real)
    left = Portal.objects.get(pk=alpha.pk)
    assert (left.status, left.tokens.exists()) == ("deleted", False)
    assert left.erase_due_at
    assert left.erase_due_at > timezone.now() + timedelta(days=29)


def test_forged_installs_do_not_push_out_the_real_one(
    events: Events, alpha: Portal, stranger: Client
) -> None:
    """Of one portal as many senders as room have theirs; Bitrix24 is another."""
    forger, forged = Events(events.emulator, stranger), event(alpha, "ONAPPINSTALL")
    answers = [forger.post(forged, auth__access_token=f"{number:070d}").status_code for number in range(40)]
    assert (answers.count(200), answers[-1]) == (20, 503)
    assert events.post(forged, auth__access_token="b" * 70).json() == {"receipt": "stored"}


def test_many_senders_do_not_fill_the_inbox(
    events: Events, alpha: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SENDERS", 1)
    for number in range(30):
        sender = Client(REMOTE_ADDR=f"93.184.215.{number + 1}")
        Events(events.emulator, sender).post(event(alpha, "ONAPPINSTALL", access_token=f"{number:070d}"))
    assert PortalEvent.objects.count() == 20


def test_forged_events_from_one_address(
    events: Events, alpha: Portal, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who keeps failing makes us call nobody, which hurts no other, nor what the application token vouches for."""
    monkeypatch.setattr(suspicion, "FAILURES_OF_ADDRESS", 5)
    forger, forged = Events(events.emulator, stranger), event(alpha, "ONAPPINSTALL")
    events.emulator.control.forget_requests()
    answers = []
    for number in range(8):
        answers.append(forger.post(forged, auth__access_token=f"{number:070d}").status_code)
        events.work()
    assert answers == [200] * 5 + [429] * 3
    # The portal's authorization server, and the other one.
    assert len(events.emulator.control.requests("oauth")) <= 2 * 5
    assert not PortalEvent.objects.exclude(sender="").exists()
    assert events.post(forged, auth__access_token="b" * 70).status_code == 200
    vouched = event(alpha, "ONAPPUNINSTALL", application_token=alpha.application_token)
    assert forger.post(vouched).json() == {"receipt": "stored"}


@pytest.mark.parametrize("of", ["beta", "employee", "expired"])
def test_what_bitrix24s_own_queue_can_deliver_counts_against_nobody(
    events: Events, alpha: Portal, installed: Install, clocks: Clocks, of: str
) -> None:
    """It is shared by all portals, and anybody may have it deliver foreign tokens, or late."""
    control = events.emulator.control
    installed("beta")
    token = control.tokens("beta", ADMIN) if of == "beta" else control.tokens("alpha", PRIYA)
    if of == "expired":
        clocks.advance(seconds=4000)
    queue = Events(events.emulator, Client(REMOTE_ADDR=PUBLIC_ADDRESS))
    queue.post(event(alpha, "ONAPPINSTALL", access_token=token["access_token"]))
    events.work()
    assert PortalEvent.objects.get().status == "refused"
    assert not list(redis_client().scan_iter("callers:address:*"))


def test_events_make_no_call_before_they_are_answered(events: Events, alpha: Portal, kind: str) -> None:
    events.emulator.control.forget_requests()
    events.post(event(alpha, kind))
    assert not events.emulator.control.requests("oauth")
    assert not events.emulator.control.requests("rest")
