"""Attacks on an installation: who may install, for whom, and where."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from portals.models import Portal
from portals.outgoing import addresses
from tests.portals.bitrix24.scripted import ScriptedServer
from tests.security.conftest import ADMIN, PRIYA, Install, reason, unharmed
from tests.support.clocks import Clocks
from tests.support.opens import Opens
from tests.support.processes import until

pytestmark = pytest.mark.django_db


def test_takeover_by_an_employee(opens: Opens, alpha: Portal) -> None:
    """A real token of a real employee in the installer's form: nothing stored, nothing bound."""
    form = opens.emulator.control.install("alpha")
    own = opens.emulator.control.tokens("alpha", PRIYA)
    before = opens.emulator.control.installation("alpha")["placements"]
    changed = {
        "AUTH_ID": own["access_token"],
        "REFRESH_ID": own["refresh_token"],
        "APPLICATION_TOKEN": "e" * 32,
    }
    assert reason(opens.post(form, **changed)) == (403, "not_administrator")
    unharmed(alpha)
    assert opens.emulator.control.installation("alpha")["placements"] == before


def test_takeover_by_an_administrator_of_another_portal(opens: Opens, alpha: Portal, beta: Portal) -> None:
    form = opens.emulator.control.install("alpha")
    own = opens.emulator.control.tokens("beta", ADMIN)
    changed = {
        "AUTH_ID": own["access_token"],
        "REFRESH_ID": own["refresh_token"],
        "APPLICATION_TOKEN": "e" * 32,
    }
    assert reason(opens.post(form, **changed)) == (403, "foreign_portal")
    unharmed(alpha)
    unharmed(beta)


def test_takeover_with_another_applications_token(opens: Opens, alpha: Portal) -> None:
    applications = opens.emulator.control.state()["applications"]
    foreign = next(client for client in applications if client != opens.emulator.client_id)
    form = opens.emulator.control.install("alpha")
    opens.emulator.control.install("alpha", client_id=foreign)
    token = opens.emulator.control.tokens("alpha", ADMIN, client_id=foreign)["access_token"]
    assert reason(opens.post(form, AUTH_ID=token)) == (403, "foreign_application")
    unharmed(alpha)


def test_takeover_by_a_pair_of_two_people(opens: Opens, alpha: Portal, beta: Portal) -> None:
    """An administrator's access token with somebody else's refresh token: its first answer unmasks the pair."""
    foreign = opens.emulator.control.tokens("beta", ADMIN)["refresh_token"]
    form = opens.emulator.control.install("alpha")
    assert opens.post(form, REFRESH_ID=foreign).status_code == 200
    from portals.bitrix24.errors import TokenDead  # noqa: PLC0415
    from portals.tokens import pairs  # noqa: PLC0415

    opens.emulator.control.install_finish("alpha", user_id=ADMIN)
    token = alpha.tokens.alive().order_by("-stored_at").first()
    assert token is not None
    with pytest.raises(TokenDead, match="foreign_member_id"):
        pairs.refresh(token.pk, spent_generation=token.generation)
    assert not alpha.tokens.alive().filter(refresh_token__isnull=False, pk=token.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_portals_race_for_one_domain(installed: Install) -> None:
    """Whoever claims an address second waits for the first, and takes it over whole: never have both."""
    alpha, beta = installed("alpha"), installed("beta")
    contested = "http://localhost:9/rest/"

    def move(portal: Portal) -> None:
        addresses.move(portal, contested)
        connection.close()

    with transaction.atomic():
        addresses.move(alpha, contested)
        rival = threading.Thread(target=move, args=[beta])
        rival.start()
        until(waiting_for_a_lock, 10)
    rival.join()
    assert list(Portal.objects.filter(client_endpoint=contested)) == [beta]
    alpha.refresh_from_db()
    assert (alpha.status, alpha.status_reason, alpha.client_endpoint) == ("blocked", "address_lost", "")


def waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_address_taken_over_by_the_next_tenant(opens: Opens, alpha: Portal) -> None:
    """Viewers' tokens of the old tenant never reach the server that now answers at its address."""
    control: Any = opens.emulator.control
    form: Callable[..., Any] = opens.form
    control.rename("alpha", opens.emulator.spare_ports[0])
    successor = control.takeover("alpha")
    opened = form("alpha", PRIYA, "chat22")
    control.forget_requests()
    assert opens.post(opened).status_code == 200
    assert not [call for call in control.requests("rest") if call["portal"] == successor["key"]]


class TestNextTenantAnswers:
    """Whoever has a portal's old address now answers there as they like, and posts us forms that fit."""

    @pytest.fixture
    def evicted(self, alpha: Portal, attacker: ScriptedServer) -> Portal:
        Portal.objects.filter(pk=alpha.pk).update(client_endpoint=f"{attacker.url}rest/")
        alpha.refresh_from_db()
        return alpha

    @pytest.mark.parametrize("page", ["widget", "application"])
    def test_a_next_tenant_with_an_invented_token(
        self, opens: Opens, evicted: Portal, attacker: ScriptedServer, page: str
    ) -> None:
        dialog: dict[str, Any] = {"dialog_id": "chat22"} if page == "widget" else {"placement": "DEFAULT"}
        form = opens.emulator.control.open("alpha", ADMIN, **dialog)
        assert reason(opens.post(form, AUTH_ID="e" * 70, DOMAIN=evicted.domain)) == (403, "token_refused")
        assert not attacker.connections

    def test_a_next_tenant_while_the_authorization_server_is_away(
        self, opens: Opens, evicted: Portal, attacker: ScriptedServer
    ) -> None:
        form = opens.form("alpha", PRIYA, "chat22")
        opens.emulator.control.fault("oauth", "500")
        assert reason(opens.post(form, DOMAIN=evicted.domain)) == (503, "portal_unreachable")
        assert not attacker.connections


def test_an_address_is_believed_for_an_hour(opens: Opens, alpha: Portal, clocks: Clocks) -> None:
    """Then the authorization server has to name it again: by the first open after that, and no other."""
    opens.emulator.control.forget_requests()
    questions = []
    for seconds in (addresses.NAMED - 60, 120, 60):
        clocks.advance(seconds=seconds)
        assert opens.application("alpha", ADMIN).status_code == 200
        questions.append(len(opens.emulator.control.requests("oauth")))
    assert questions == [0, 1, 1]


def test_an_address_is_believed_for_a_day_while_nobody_can_be_asked(
    opens: Opens, alpha: Portal, clocks: Clocks
) -> None:
    opens.emulator.control.fault("oauth", "500")
    clocks.advance(seconds=addresses.NAMED_BEFORE_AWAY - 60)
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
    clocks.advance(seconds=120)
    assert reason(opens.widget("alpha", PRIYA, "chat22")) == (503, "portal_unreachable")
