"""Attacks with forged events: every kind that we know, from whoever can reach the address."""

from typing import Any

import pytest

from portals.incoming.events import inbox, registry
from portals.lifecycle import uninstall
from portals.models import EventCredentials, Portal, PortalEvent
from tests.security.conftest import ADMIN, PRIYA, Install, unharmed
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
    real = event(alpha, "ONAPPUNINSTALL", application_token=alpha.application_token)
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
        for number in range(inbox.MOST_STRANGERS + 5)
    }
    assert answers == {200, 503}
    assert PortalEvent.objects.filter(portal=None).count() == inbox.MOST_STRANGERS
    # A portal that installed us is still heard.
    assert events.post(event(alpha, "ONAPPUPDATE")).json() == {"receipt": "stored"}


def test_events_make_no_call_before_they_are_answered(events: Events, alpha: Portal, kind: str) -> None:
    events.emulator.control.forget_requests()
    events.post(event(alpha, kind))
    assert not events.emulator.control.requests("oauth")
    assert not events.emulator.control.requests("rest")
