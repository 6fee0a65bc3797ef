"""What the operators' pages say, to whom, and what they never say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from portals.infrastructure import daily_counts
from portals.infrastructure.daily_counts import Kind
from portals.models import (
    ApiCall,
    DailyCount,
    FormerDomain,
    Portal,
    PortalEvent,
    PortalToken,
    PortalTransition,
)
from portals.operations.troubles import TROUBLES
from tests.support.crowd import SECRETS
from widget.models import Chat, Note

pytestmark = pytest.mark.django_db

NOTE = "what people wrote is nobody's business here"
MODELS = ("portal", "portaltoken", "portaltransition", "portalevent", "apicall")


@pytest.fixture
def portal() -> Portal:
    """A blocked portal with a row of everything."""
    now = timezone.now()
    portal = Portal.objects.create(
        member_id="a1" * 16,
        domain="northwind.bitrix24.com",
        client_endpoint="https://northwind.bitrix24.com/rest/",
        status=Portal.Status.NEW,
        application_token=SECRETS["application_token"],
        installed_at=now,
    )
    portal.install()
    portal.block("unpaid", note="")
    PortalToken.objects.create(
        portal=portal,
        user_id=1,
        access_token=SECRETS["access_token"],
        refresh_token=SECRETS["refresh_token"],
        expires_at=now + timedelta(hours=1),
        refresh_due_at=now - timedelta(hours=1),
        failures=2,
        last_error="unreachable",
    )
    PortalEvent.objects.create(
        portal=portal,
        member_id=portal.member_id,
        event="ONAPPUPDATE",
        dedup_key="k",
        status="failed",
        reason="error_core",
        processed_at=now,
    )
    ApiCall.objects.create(
        portal=portal, host=portal.domain, method="app.info", error_code="internal_error", duration=0.2
    )
    FormerDomain.objects.create(portal=portal, domain="old-northwind.bitrix24.com")
    Note.objects.create(
        chat=Chat.objects.create(portal=portal, chat_id=1), text=NOTE, author_id=1, author_name="Mei"
    )
    return portal


def addresses(portal: Portal) -> Iterator[str]:
    yield "/admin/"
    for name, row in zip(
        MODELS,
        (
            portal,
            portal.tokens.get(),
            portal.transitions.first(),
            portal.events.get(),
            portal.api_calls.get(),
        ),
        strict=True,
    ):
        assert row
        yield f"/admin/portals/{name}/"
        yield f"/admin/portals/{name}/{row.pk}/change/"
    yield from (f"/admin/portals/portal/{portal.pk}/act/{name}/" for name in ("verify", "block", "erase"))


def test_no_page_shows_a_secret_or_a_note(operator: Client, portal: Portal) -> None:
    for address in addresses(portal):
        page = operator.get(address)
        assert page.status_code == 200, address
        html = page.content.decode()
        assert not [value for value in (*SECRETS.values(), NOTE) if value in html], address


def test_the_admin_has_no_notes_and_no_credentials(operator: Client, portal: Portal) -> None:
    for name in ("widget/note", "widget/noterevision", "widget/chat", "portals/eventcredentials"):
        assert operator.get(f"/admin/{name}/").status_code == 404


def test_an_observer_sees_the_same_and_acts_on_nothing(observer: Client, portal: Portal) -> None:
    for address in addresses(portal):
        assert observer.get(address).status_code == (403 if "/act/" in address else 200), address
    for name in ("verify", "refresh", "reconcile", "compare", "block", "unblock", "erase"):
        answer = observer.post(f"/admin/portals/portal/{portal.pk}/act/{name}/", {"domain": portal.domain})
        assert answer.status_code == 403, name
    assert observer.post(f"/admin/portals/portal/{portal.pk}/export/").status_code == 403
    page = observer.get(f"/admin/portals/portal/{portal.pk}/change/").content.decode()
    assert "Verify now" not in page
    observer.post("/admin/portals/portalevent/", {"action": "try_again", "_selected_action": [1]})
    assert PortalEvent.objects.get().status == "failed"


def test_strangers_are_sent_to_the_sign_in(client: Client, portal: Portal) -> None:
    for address in addresses(portal):
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith("/admin/login/")


def test_history_is_read_only_even_for_superusers(admin_client: Client, portal: Portal) -> None:
    models: tuple[type[Model], ...] = (Portal, PortalToken, PortalTransition, PortalEvent, ApiCall)
    before = [list(model._default_manager.values()) for model in models]
    for model in models:
        row = model._default_manager.first()
        assert row
        address = f"/admin/portals/{model._meta.model_name}/"
        assert admin_client.post(f"{address}add/", {}).status_code == 403
        assert admin_client.post(f"{address}{row.pk}/change/", {}).status_code == 403
        assert admin_client.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        admin_client.post(address, chosen)
    assert [list(model._default_manager.values()) for model in models] == before


@pytest.mark.parametrize(
    ("trouble", "found"),
    [
        ("blocked", True),
        ("token_dead", False),
        ("failing", True),
        ("overdue", True),
        ("handlers", False),
        ("events", True),
        ("errors", True),
        ("never_opened", False),
    ],
)
def test_filters_find_what_they_are_named_for(
    operator: Client, portal: Portal, trouble: str, found: bool
) -> None:
    page = operator.get(f"/admin/portals/portal/?trouble={trouble}").content.decode()
    assert (portal.domain in page) == found


def test_filters_that_are_about_active_portals(operator: Client, portal: Portal) -> None:
    portal.install()
    portal.tokens.update(dead_at=timezone.now())
    shown = {
        trouble
        for trouble in TROUBLES
        if portal.domain in operator.get(f"/admin/portals/portal/?trouble={trouble}").content.decode()
    }
    assert shown == {"token_dead", "handlers", "events", "errors", "never_opened"}


def test_the_list_says_why_since_when_and_what_is_next(operator: Client, portal: Portal) -> None:
    page = operator.get("/admin/portals/portal/").content.decode()
    for fact in (portal.domain, portal.member_id, "unpaid", "never", "failing", "unreachable"):
        assert fact in page, fact
    assert '<span class="op-pill op-bad">1</span>' in page  # errors of 24 hours


def test_the_portals_page_tells_its_story(operator: Client, portal: Portal) -> None:
    page = operator.get(f"/admin/portals/portal/{portal.pk}/change/").content.decode()
    for fact in (
        "old-northwind",
        "ONAPPUPDATE",
        "error_core",
        "app.info",
        "internal_error",
        "IM_SIDEBAR",
        "failing",
    ):
        assert fact in page, fact


def test_the_start_page_links_its_numbers_to_lists(operator: Client, portal: Portal) -> None:
    today = daily_counts.days(1)[0]
    DailyCount.objects.create(day=today, kind=Kind.OPEN, value=1234)
    DailyCount.objects.create(day=today, kind=Kind.CALL, value=75)
    DailyCount.objects.create(day=today, kind=Kind.CALL, label="internal_error", value=25)
    cache.clear()
    page = operator.get("/admin/")
    board: dict[str, Any] = page.context["board"]
    assert (board["portals"], board["installs"], board["opens_today"]) == ("1", "1", "1,234")
    assert board["error_rate"] == "25 %"
    assert [(number.name, number.value) for number in board["codes"]] == [("internal_error", "25 · 25 %")]
    assert {number.name: number.value for number in board["tokens"]} == {
        "fresh": "0",
        "due": "0",
        "failing": "1",
        "dead": "0",
    }
    groups = ("statuses", "tokens", "waiting", "reasons", "codes")
    links = [number.url for group in groups for number in board[group] if number.url]
    for link in [*links, board["errors_url"], board["installs_url"], board["never_opened_url"]]:
        assert operator.get(link).status_code == 200, link
    assert portal.domain in operator.get(board["reasons"][0].url).content.decode()


def test_unknown_portals_and_odd_addresses_are_not_found(operator: Client, portal: Portal) -> None:
    for address in (
        "portal/999999/change/",
        "portal/x/change/",
        f"portal/{portal.pk}/act/nothing/",
        f"portal/{portal.pk}/act/unblock/",  # not offered: no operator blocked it
    ):
        assert operator.get(f"/admin/portals/{address}").status_code == 404, address
    for query in (
        "?show=nothing",
        "?after=x-y-z",
        "?after=9-call-99999999999999999999",
        "?after=9999999999999999999-call-1",
    ):
        assert operator.get(f"/admin/portals/portal/{portal.pk}/change/{query}").status_code == 200, query
