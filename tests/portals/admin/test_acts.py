"""Every button of a portal's page, on a portal that really answers."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from portals.models import Portal, PortalToken, PortalTransition
from portals.outgoing import gateway
from tests.support.emulator import Emulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(installed: Callable[..., Portal]) -> Portal:
    return installed()


def press(client: Client, portal: Portal, name: str, **answers: str) -> str:
    """Press a button and read the page it leads to."""
    answer = client.post(f"/admin/portals/portal/{portal.pk}/act/{name}/", answers, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_verify_refresh_and_reconcile(operator: Client, portal: Portal) -> None:
    assert "The installation is alive" in press(operator, portal, "verify")
    assert "1 token refreshed." in press(operator, portal, "refresh")
    assert PortalToken.objects.get().generation == 2
    assert "The portal has the handlers we want." in press(operator, portal, "reconcile")
    assert (
        "operator:operator-at-work"
        in operator.get(f"/admin/portals/portal/{portal.pk}/change/").content.decode()
    )


def test_what_an_older_portal_does_not_know_is_nothing_to_bring_right(
    operator: Client, portal: Portal, emulator: Emulator
) -> None:
    emulator.control.settings("alpha", lacks_placement="REST_APP_URI")
    token = emulator.control.tokens("alpha", user_id=1)["access_token"]
    gateway.portal(portal, token).call("placement.unbind", {"PLACEMENT": "REST_APP_URI"})
    change = f"/admin/portals/portal/{portal.pk}/change/"
    pill = '<span class="op-pill op-calm">not known there</span>'
    assert "differs in 1 of its handlers" in press(operator, portal, "compare")
    assert "too old to know: REST_APP_URI" in press(operator, portal, "reconcile")
    assert pill in operator.get(change).content.decode()
    assert "The portal has what we want." in press(operator, portal, "compare")
    assert pill in operator.get(change).content.decode()


def test_comparing_shows_what_is_bound_and_what_is_missing(
    operator: Client, portal: Portal, emulator: Emulator
) -> None:
    assert "The portal has what we want." in press(operator, portal, "compare")
    Portal.objects.filter(pk=portal.pk).update(placement_settings={"title": "Our notes"})
    assert "differs in 1 of its handlers" in press(operator, portal, "compare")
    page = operator.get(f"/admin/portals/portal/{portal.pk}/change/").content.decode()
    assert '<span class="op-pill op-warn">changed</span>' in page
    emulator.control.fault("alpha", "500")
    assert "did not say what it has bound" in press(operator, portal, "compare")


def test_blocking_asks_why_and_unblocking_lifts_it(operator: Client, portal: Portal) -> None:
    question = operator.get(f"/admin/portals/portal/{portal.pk}/act/block/").content.decode()
    assert "loses the notebook at once" in question
    press(operator, portal, "block")
    portal.refresh_from_db()
    assert portal.status == Portal.Status.ACTIVE  # without a reason nothing happens
    assert "ticket 4711" in press(operator, portal, "block", reason="ticket 4711")
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", "operator")
    press(operator, portal, "unblock")
    portal.refresh_from_db()
    assert portal.status == Portal.Status.ACTIVE
    assert {t.by for t in portal.transitions.all()[:2]} == {"operator:operator-at-work"}


def test_export_is_a_file_without_tokens(operator: Client, portal: Portal) -> None:
    assert operator.get(f"/admin/portals/portal/{portal.pk}/export/").status_code == 405
    answer = operator.post(f"/admin/portals/portal/{portal.pk}/export/")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    text = answer.getvalue().decode()
    assert json.loads(text)["portal"]["member_id"] == portal.member_id
    token = PortalToken.objects.get()
    assert not [s for s in (token.access_token, token.refresh_token, portal.application_token) if s in text]


def test_erasing_demands_the_domain(operator: Client, portal: Portal) -> None:
    for typed in ("", "another.example", portal.domain.upper() + "x"):
        press(operator, portal, "erase", domain=typed)
    assert Portal.objects.count() == 1
    assert "is erased" in press(operator, portal, "erase", domain=portal.domain)
    assert not Portal.objects.exists()
    assert PortalTransition.objects.get().reason == "erased"


def test_a_failing_act_says_what_it_means(operator: Client, portal: Portal, emulator: Emulator) -> None:
    emulator.control.fault("oauth", "unpaid")
    page = press(operator, portal, "refresh")
    assert "payment_required" in page
    assert "subscription has ended" in page
