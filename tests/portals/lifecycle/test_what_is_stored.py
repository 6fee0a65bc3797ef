"""What an install and a reconcile leave in the row, and in no other."""

import json
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals.bitrix24.payloads import OpenRequest
from portals.lifecycle import install
from portals.lifecycle.install import InstallClaim
from portals.models import FormerDomain, Portal
from tests.portals.bitrix24.scripted import read_request, scripted
from tests.support.contradiction import contradicting
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


def test_a_portal_is_looked_at_about_a_day_after_an_install(installed: Install) -> None:
    for _ in range(2):
        Portal.objects.update(presence_due_at=None)
        due = installed().presence_due_at
        assert due is not None
        assert timedelta(hours=19.9) < due - timezone.now() < timedelta(hours=28)


def test_an_install_at_another_address_remembers_the_one_that_was_left(
    opens: Opens, installed: Install
) -> None:
    before = installed().domain
    opens.emulator.control.rename("alpha", opens.emulator.spare_ports[0])
    portal = installed()
    assert portal.domain != before
    assert list(FormerDomain.objects.values_list("portal", "domain")) == [(portal.pk, before)]


def test_a_reconcile_of_one_portal_leaves_the_others(installed: Install) -> None:
    alpha, beta = installed("alpha"), installed("beta")
    Portal.objects.update(app_version=7, handlers_missing=["x"], handlers_digest="older")
    install.reconcile(alpha)
    assert (alpha.app_version, alpha.handlers_missing) == (1, [])
    beta.refresh_from_db()
    assert (beta.app_version, beta.handlers_missing, beta.handlers_digest) == (7, ["x"], "older")


def test_a_portal_that_does_not_tell_the_version_has_none(opens: Opens, installed: Install) -> None:
    opens.emulator.control.contradict("alpha", "app.info", {"VERSION": ""})
    portal = installed()
    assert portal.app_version == 0
    install.reconcile(portal)
    assert Portal.objects.get().app_version == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ACCESS_DENIED", "scope_missing"),
        ("INSUFFICIENT_SCOPE", "scope_missing"),
        ("PAYMENT_REQUIRED", "unpaid"),
    ],
)
def test_handlers_that_an_administrator_may_not_read_are_about_the_card(
    opens: Opens, settings: Any, code: str, reason: str
) -> None:
    form = opens.emulator.control.install("alpha")
    answers = {
        "result": {
            "profile": {"ID": "1", "ADMIN": True, "NAME": "H", "LAST_NAME": ""},
            "app": {"CODE": "local.1", "VERSION": 1, "STATUS": "F", "INSTALLED": False},
            "events": [],
        },
        "result_error": {"placements": {"error": code, "error_description": ""}},
    }
    body = json.dumps({"result": answers}).encode()

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with scripted(answer) as server:

        def elsewhere(told: dict[str, Any]) -> None:
            told["result"]["install"]["client_endpoint"] = f"{server.url}rest/"

        with contradicting(opens.emulator.oauth_url, elsewhere) as url:
            settings.BITRIX24_OAUTH_URL = [url]
            response = opens.post(form)
    assert response.context["reason"] == reason
    assert not Portal.objects.exists()


def test_a_claim_does_not_show_its_tokens(opens: Opens) -> None:
    fields: dict[str, Any] = opens.emulator.control.install("alpha")["fields"]
    query = {"DOMAIN": "a.example", "LANG": "en", "PROTOCOL": "0", "APP_SID": "a"}
    opened = OpenRequest.parse(query, fields | {"APPLICATION_TOKEN": "e" * 32})
    shown = f"{opened!r} {InstallClaim.of(opened)!r}"
    secrets = [fields["AUTH_ID"], fields["REFRESH_ID"], "e" * 32]
    assert [secret for secret in secrets if secret in shown] == []
