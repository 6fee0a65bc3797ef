"""Portal and authorization server have to agree about whoever installs, heals or reconciles."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from portals.bitrix24.errors import AccessDenied
from portals.lifecycle import install
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalToken
from portals.outgoing import addresses
from tests.support.contradiction import contradicting
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
ADMIN, PRIYA = 1, 3


def another_person(answer: dict[str, Any]) -> None:
    answer["result"]["user_id"] = PRIYA


def ended(answer: dict[str, Any]) -> None:
    answer["result"]["expires"] = "2020-01-01T00:00:00+00:00"


def unfinished(answer: dict[str, Any]) -> None:
    answer["result"]["install"]["installed"] = False


@pytest.mark.parametrize(
    ("change", "status", "reason"), [(another_person, 403, "foreign_portal"), (ended, 401, "token_expired")]
)
def test_an_install_that_the_two_servers_tell_differently_stores_nothing(
    opens: Opens, settings: Any, change: Any, status: int, reason: str
) -> None:
    form = opens.emulator.control.install("alpha")
    with contradicting(opens.emulator.oauth_url, change) as url:
        settings.BITRIX24_OAUTH_URL = [url]
        response = opens.post(form)
    assert (response.status_code, response.context["reason"]) == (status, reason)
    assert not Portal.objects.exists()
    assert opens.emulator.control.installation("alpha")["placements"] == []


@pytest.mark.parametrize("change", [another_person, ended, unfinished])
def test_an_open_that_the_two_servers_tell_differently_heals_nothing(
    opens: Opens, installed: Install, settings: Any, change: Any
) -> None:
    portal = installed()
    portal.block("token_dead")
    PortalToken.objects.all().delete()
    with contradicting(opens.emulator.oauth_url, change) as url:
        settings.BITRIX24_OAUTH_URL = [url]
        assert opens.application("alpha", ADMIN).status_code == 200
    portal.refresh_from_db()
    assert portal.status == "blocked"
    assert not PortalToken.objects.exists()

    settings.BITRIX24_OAUTH_URL = opens.emulator.oauth_urls
    assert opens.application("alpha", ADMIN).status_code == 200
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("active", "healed")


def test_a_reconcile_with_the_token_of_another_application_is_refused(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    control = opens.emulator.control
    foreign = next(name for name in control.state()["applications"] if name != opens.emulator.client_id)
    control.install("alpha", client_id=foreign)
    token = control.tokens("alpha", ADMIN, client_id=foreign)["access_token"]
    with pytest.raises(AccessDenied, match="foreign_application"):
        install.reconcile(portal, token)
    assert control.installation("alpha", foreign)["placements"] == []


def test_an_install_on_a_portal_that_an_operator_blocked_asks_nobody(
    opens: Opens, installed: Install
) -> None:
    installed().block(BLOCKED_BY_OPERATOR)
    form = opens.emulator.control.install("alpha")
    opens.emulator.control.forget_requests()
    assert opens.post(form).status_code == 403
    assert opens.emulator.control.requests() == []


@pytest.mark.django_db(transaction=True)
def test_an_operator_who_blocks_while_an_install_asks_has_the_last_word(
    opens: Opens, installed: Install, settings: Any
) -> None:
    portal = installed()
    form = opens.emulator.control.install("alpha")
    before = portal.tokens.get().generation

    def meanwhile(answer: dict[str, Any]) -> None:
        Portal.objects.filter(pk=portal.pk).update(status="blocked", status_reason=BLOCKED_BY_OPERATOR)
        connection.close()

    with contradicting(opens.emulator.oauth_url, meanwhile) as url:
        settings.BITRIX24_OAUTH_URL = [url]
        assert opens.post(form).context["reason"] == "portal_blocked"
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", BLOCKED_BY_OPERATOR)
    assert portal.tokens.get().generation == before


@pytest.mark.parametrize("background", [True, False])
def test_whoever_lost_the_address_is_asked_for_at_the_authorization_server(
    opens: Opens, installed: Install, background: bool
) -> None:
    portal = installed()
    address = portal.client_endpoint
    addresses.vacate(address, "f" * 32)
    portal.refresh_from_db()
    token = portal.tokens.get().access_token
    opens.emulator.control.forget_requests()

    addresses.ask(portal, token, lambda client: client.call("profile"), background=background)

    asked = [(r["kind"], r["method"]) for r in opens.emulator.control.requests()]
    assert asked == [("oauth", "app.info"), ("rest", "profile")]
    assert (portal.status, portal.client_endpoint) == ("active", address)


@pytest.mark.parametrize(("stored", "queued"), [(0, 1), (1, 0), (2, 1)])
def test_any_other_version_at_an_open_queues_a_reconcile(
    opens: Opens, installed: Install, stored: int, queued: int, django_capture_on_commit_callbacks: Any
) -> None:
    """A vendor may take a version back: what is bound is then that of a later one."""
    installed()
    Portal.objects.update(app_version=stored, last_used_at=timezone.now())
    with django_capture_on_commit_callbacks() as callbacks:
        opens.application("alpha", ADMIN)
    assert len(callbacks) == queued
