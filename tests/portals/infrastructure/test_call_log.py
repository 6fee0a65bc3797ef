"""The log of calls: complete, without secrets, pruned."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from portals.infrastructure import call_log
from portals.infrastructure.call_log import CALLS
from portals.lifecycle import install
from portals.models import ApiCall, Portal
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


def test_every_call_is_logged_with_its_portal_and_no_secret(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.widget("alpha", 3, "chat22")
    CALLS.flush()

    calls = list(ApiCall.objects.order_by("pk").values_list("portal", "method", "http_status", "error_code"))
    assert calls == [
        (None, "oauth.app.info", 200, ""),
        (None, "batch", 200, ""),
        (None, "batch", 200, ""),
        (portal.pk, "batch", 200, ""),
    ]
    rows = str(list(ApiCall.objects.values()))
    tokens = [value for token in portal.tokens.all() for value in (token.access_token, token.refresh_token)]
    assert not [token for token in tokens if token in rows]


def test_a_failure_is_logged_with_its_code(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.fault("alpha", "500")
    with pytest.raises(Exception, match="internal_server_error"):
        install.reconcile(portal)
    CALLS.flush()
    call = ApiCall.objects.filter(portal=portal).latest("pk")
    assert (call.http_status, call.error_code) == (500, "internal_server_error")
    assert call.duration > 0


def test_many_calls_are_one_insert(
    opens: Opens, installed: Install, django_assert_num_queries: Callable[[int], object]
) -> None:
    portal = installed()
    CALLS.flush()
    for person in (3, 5, 7):
        opens.widget("alpha", person, str(1))
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        assert CALLS.flush() >= 3
    assert ApiCall.objects.filter(portal=portal).count() >= 3


def test_calls_are_kept_three_days_and_pruned_in_batches(
    installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = installed()
    now = timezone.now()
    ages = [timedelta(days=2, hours=23)] * 2 + [timedelta(days=3, hours=1)] * 7
    ApiCall.objects.bulk_create(
        ApiCall(portal=portal, host="h", method="profile", duration=0.1, created_at=now - age) for age in ages
    )
    monkeypatch.setattr(call_log, "_PRUNE", 3)
    assert call_log.prune() == 7
    assert ApiCall.objects.filter(host="h").count() == 2
