"""An administrator's open brings a portal back that lost its token; nobody else's does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals.lifecycle import install
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalToken
from portals.tokens import refresh
from tests.support.authorization import confirming
from tests.support.events import Events
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db

ADMIN, MEMBER = 1, 3
Install = Callable[..., Portal]


@pytest.fixture
def broken(opens: Opens, installed: Install) -> Portal:
    """alpha, whose only token was lost with a worker."""
    portal = installed("alpha")
    opens.emulator.control.revoke("alpha", access=True, refresh=True)
    refresh.bury(PortalToken.objects.get(), "refresh_interrupted")
    portal.refresh_from_db()
    assert portal.status == "blocked"
    opens.emulator.control.forget_requests()
    return portal


def open_as(opens: Opens, page: str, user_id: int) -> Any:
    if page == "widget":
        return opens.widget("alpha", user_id, "chat21")
    return opens.application("alpha", user_id)


def oauth_calls(opens: Opens) -> list[str]:
    return [request["method"] for request in opens.emulator.control.requests("oauth")]


@pytest.mark.parametrize("page", ["widget", "application"])
def test_an_administrators_open_heals_with_one_call(opens: Opens, broken: Portal, page: str) -> None:
    assert open_as(opens, page, ADMIN).status_code == 200
    assert oauth_calls(opens) == ["app.info"]
    broken.refresh_from_db()
    assert (broken.status, broken.status_reason) == ("active", "healed")
    token = PortalToken.objects.get()
    assert (token.dead_at, token.generation, token.last_error) == (None, 2, "")
    refresh.spend(refresh.take(token.pk, token.generation) or token)
    assert PortalToken.objects.get().generation == 3


@pytest.mark.parametrize("page", ["widget", "application"])
def test_a_healthy_portal_pays_nothing(opens: Opens, installed: Install, page: str) -> None:
    installed("alpha")
    opens.emulator.control.forget_requests()
    assert open_as(opens, page, ADMIN).status_code == 200
    assert oauth_calls(opens) == []


def test_a_member_heals_nothing(opens: Opens, broken: Portal) -> None:
    assert open_as(opens, "widget", MEMBER).status_code == 200
    assert oauth_calls(opens) == []
    broken.refresh_from_db()
    assert broken.status == "blocked"


def test_an_install_heals(opens: Opens, broken: Portal) -> None:
    assert opens.install("alpha").status_code == 200
    broken.refresh_from_db()
    assert broken.status == "active"
    assert PortalToken.objects.get().dead_at is None


def test_an_operators_block_is_not_healed(opens: Opens, broken: Portal) -> None:
    broken.block(BLOCKED_BY_OPERATOR)
    assert open_as(opens, "application", ADMIN).status_code == 403
    assert oauth_calls(opens) == []


@pytest.mark.parametrize("fault", ["500", "html", "garbage", "not_installed"])
def test_the_page_opens_even_if_the_proof_fails(opens: Opens, broken: Portal, fault: str) -> None:
    opens.emulator.control.fault("oauth", fault)
    assert open_as(opens, "widget", ADMIN).status_code == 200
    broken.refresh_from_db()
    assert broken.status == "blocked"
    assert not PortalToken.objects.alive().exists()


def test_another_persons_pair_is_not_taken(opens: Opens, broken: Portal) -> None:
    """The refresh token cannot be checked without spending it; the access token beside it must be the viewer's."""
    form = opens.emulator.control.open("alpha", MEMBER, placement="DEFAULT")
    assert opens.post(form).status_code == 200
    assert oauth_calls(opens) == []


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, "active"), ({"user_id": MEMBER}, "blocked"), ({"installed": False}, "blocked")],
    ids=["agreed", "another person", "installer still open"],
)
def test_a_pair_is_taken_only_if_both_servers_agree_whose_it_is(
    opens: Opens, broken: Portal, settings: Any, said: dict[str, Any], status: str
) -> None:
    with confirming(broken, broken.client_endpoint, **said) as url:
        settings.BITRIX24_OAUTH_URL = [url]
        assert open_as(opens, "application", ADMIN).status_code == 200
    broken.refresh_from_db()
    assert broken.status == status
    assert PortalToken.objects.alive().exists() == (status == "active")


def test_a_portal_without_any_token_is_healed(opens: Opens, installed: Install) -> None:
    portal = installed("alpha")
    PortalToken.objects.update(dead_at=timezone.now())
    opens.emulator.control.forget_requests()
    assert open_as(opens, "application", ADMIN).status_code == 200
    assert oauth_calls(opens) == ["app.info"]
    assert portal.tokens.alive().count() == 1


class TestApplicationToken:
    """A new version may bring another one, and its event may never come."""

    @pytest.fixture
    def renewed(self, opens: Opens, installed: Install) -> Portal:
        portal = installed("alpha")
        opens.emulator.control.events("alpha", lost=True)
        opens.emulator.control.update("alpha", version=2, installer=False)
        opens.emulator.control.events("alpha", lost=False)
        opens.emulator.control.forget_requests()
        return portal

    @pytest.mark.parametrize("page", ["widget", "application"])
    def test_an_administrators_open_brings_it_with_one_call(
        self, opens: Opens, events: Events, renewed: Portal, page: str
    ) -> None:
        before = renewed.application_token
        assert open_as(opens, page, ADMIN).status_code == 200
        assert oauth_calls(opens) == ["app.info"]
        assert open_as(opens, "application", ADMIN).status_code == 200
        assert oauth_calls(opens) == ["app.info"]
        portal = Portal.objects.get()
        assert portal.application_token != before
        install.reconcile(portal)
        opens.emulator.control.uninstall("alpha")
        assert events.deliver("ONAPPUNINSTALL").status == "done"

    def test_nobody_elses_open_does(self, opens: Opens, renewed: Portal) -> None:
        assert open_as(opens, "widget", MEMBER).status_code == 200
        assert Portal.objects.get().application_token == renewed.application_token

    def test_an_older_form_does_not(self, opens: Opens, renewed: Portal) -> None:
        Portal.objects.update(application_token_as_of=timezone.now() + timedelta(hours=2))
        assert open_as(opens, "application", ADMIN).status_code == 200
        assert Portal.objects.get().application_token == renewed.application_token
