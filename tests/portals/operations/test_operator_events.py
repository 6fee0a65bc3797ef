"""Operators see failed events and calls, and repair with one action."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from portals.infrastructure.call_log import CALLS
from portals.models import Portal, PortalEvent
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


@pytest.fixture
def failed(installed: Install) -> PortalEvent:
    portal = installed()
    return PortalEvent.objects.create(
        portal=portal,
        member_id=portal.member_id,
        event="ONAPPUPDATE",
        dedup_key="k",
        status="failed",
        reason="error_core",
        attempts=12,
        processed_at=timezone.now(),
    )


def test_a_failed_event_is_shown_with_its_reason_and_tried_again(
    admin_client: Client, failed: PortalEvent
) -> None:
    page = admin_client.get("/admin/portals/portalevent/?status__exact=failed")
    assert "error_core" in page.content.decode()
    admin_client.post(
        "/admin/portals/portalevent/", {"action": "try_again", "_selected_action": [str(failed.pk)]}
    )
    failed.refresh_from_db()
    assert (failed.status, failed.attempts) == ("pending", 0)


def test_calls_are_shown_and_nothing_can_be_typed_in(
    admin_client: Client, opens: Opens, installed: Install
) -> None:
    portal = installed()
    CALLS.flush()
    assert "oauth.app.info" in admin_client.get("/admin/portals/apicall/").content.decode()
    assert admin_client.get("/admin/portals/apicall/add/").status_code == 403
    answer = admin_client.post(
        "/admin/portals/portal/",
        {"action": "reconcile_now", "_selected_action": [str(portal.pk)]},
        follow=True,
    )
    assert "1 portal is being looked at." in answer.content.decode()
