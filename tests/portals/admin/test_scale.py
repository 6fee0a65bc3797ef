"""100 000 portals: what the pages cost does not grow with them."""

import pytest
from django.core.cache import cache
from django.test import Client

from portals.lifecycle import install
from portals.models import Portal
from portals.operations.overview import overview
from portals.operations.troubles import TROUBLES
from portals.outgoing import addresses
from tests.portals.admin.conftest import CROWD
from tests.support.plans import Cost, costs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("crowded")]

LIST = "/admin/portals/portal/"
BIG = {
    f"portals_{table}" for table in ("portal", "portaltoken", "portaltransition", "portalevent", "apicall")
}


@pytest.fixture
def warm(operator: Client) -> Client:
    """Signed in, and the overview (the choices of filters) is in the cache."""
    assert overview()
    return operator


def cost_of(client: Client, url: str) -> Cost:
    with costs() as cost:
        answer = client.get(url)
    assert answer.status_code == 200, url
    return cost


def bounded(cost: Cost, *, rows: int, queries: int) -> None:
    """No table is read from end to end, nothing is counted, and few rows are read."""
    assert not cost.scanned & BIG, cost.queries
    assert not [sql for sql in cost.queries if "COUNT(*)" in sql]
    assert cost.rows_of() <= rows, (cost.rows, cost.queries)
    assert len(cost.queries) <= queries, cost.queries


def test_the_list(warm: Client) -> None:
    for query in ("", "?p=2", "?p=99", "?o=1", "?o=-1", "?status__exact=active", "?status__exact=blocked"):
        bounded(cost_of(warm, LIST + query), rows=15_000 if "p=99" in query else 1500, queries=8)


def test_a_page_of_many_costs_as_many_queries_as_one_of_one(warm: Client) -> None:
    one = Portal.objects.values_list("member_id", flat=True).order_by("pk")[77]
    searched = cost_of(warm, f"{LIST}?q={one}")
    assert len(searched.queries) == len(cost_of(warm, LIST).queries) + 1  # the search itself


def test_filters_for_what_goes_wrong(warm: Client) -> None:
    for trouble in TROUBLES:
        # By way of the rows that are in trouble, of which there are thousands here.
        bounded(cost_of(warm, f"{LIST}?trouble={trouble}"), rows=20_000, queries=8)
    for reason in ("unpaid", "installed"):
        bounded(cost_of(warm, f"{LIST}?reason={reason}"), rows=20_000, queries=8)


def test_search_by_domain_former_domain_and_member_id(warm: Client) -> None:
    member_id = Portal.objects.values_list("member_id", flat=True).order_by("pk")[77]
    terms = {
        "northwind-100.": 1,
        "https://northwind-100.bitrix24.com/company/": 1,
        "NORTHWIND-100.bitrix24.com": 1,
        "former-": 50,
        member_id: 1,
        member_id[:12]: 1,
        "nobody": 0,
        "//": 0,
    }
    for term, found in terms.items():
        bounded(cost_of(warm, f"{LIST}?q={term}"), rows=3000, queries=9)
        page = warm.get(LIST, {"q": term}).content.decode()
        assert page.count('name="_selected_action"') == found, term


def test_history(warm: Client) -> None:
    queries = {
        "portaltoken": ["", *(f"?state={state}" for state in ("fresh", "due", "overdue", "failing", "dead"))],
        "portaltransition": [
            "",
            *(f"?change={name}" for name in ("installed", "uninstalled", "blocked", "healed")),
        ],
        "portalevent": [
            "",
            "?status__exact=failed",
            "?status__exact=pending",
            "?due=yes",
            "?event=ONAPPUPDATE",
        ],
        "apicall": [
            "",
            "?code=any",
            "?code=internal_server_error",
            "?code=payment_required",
            "?q=northwind-100.",
        ],
    }
    for model, parameters in queries.items():
        for query in parameters:
            bounded(cost_of(warm, f"/admin/portals/{model}/{query}"), rows=10_000, queries=7)


def test_a_portals_page(warm: Client) -> None:
    portal = Portal.objects.filter(status="active").order_by("pk")[50]
    for show in ("all", "transitions", "events", "calls", "errors"):
        cost = cost_of(warm, f"{LIST}{portal.pk}/change/?show={show}")
        assert not cost.scanned & BIG
        assert cost.rows_of() <= 200
        assert len(cost.queries) <= 13


def test_the_start_page_reads_portals_and_tokens_once_a_minute_and_logs_never(operator: Client) -> None:
    cache.clear()
    first = cost_of(operator, "/admin/")
    assert first.scanned & BIG <= {"portals_portal", "portals_portaltoken"}
    assert first.rows["portals_portal"] <= CROWD
    assert first.rows["portals_portaltoken"] <= 1.2 * CROWD
    assert first.rows["portals_portalevent"] <= 500  # those that wait or failed
    assert not {"portals_apicall", "portals_portaltransition"} & set(first.rows)
    assert len(first.queries) <= 17
    assert cost_of(operator, "/admin/").rows_of() == 0


def test_finding_stale_handlers_and_former_tenants_reads_what_it_finds() -> None:
    address = Portal.objects.exclude(client_endpoint="").first().client_endpoint  # type: ignore[union-attr]
    with costs() as cost:
        assert len(install.claim_stale(50)) == 50
    bounded(cost, rows=1000, queries=4)
    with costs() as cost:
        addresses.vacate(address, "f" * 32)
    bounded(cost, rows=10, queries=20)
