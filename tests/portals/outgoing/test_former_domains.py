"""Portals are found by the domains they had."""

from collections.abc import Callable

import pytest

from portals.models import FormerDomain, Portal
from portals.operations import troubles
from portals.outgoing import addresses

pytestmark = pytest.mark.django_db


def test_a_portal_that_moves_is_found_by_both_names(installed: Callable[..., Portal]) -> None:
    portal = installed()
    before = portal.domain
    addresses.move(portal, "https://renamed.example/rest/")
    assert portal.domain == "renamed.example"
    for term in (before, "renamed", "https://RENAMED.example/company/personal/", portal.member_id[:10]):
        assert troubles.named(term) == [portal.pk], term
    addresses.move(portal, f"https://{before}/rest/")
    addresses.move(portal, "https://renamed.example/rest/")
    assert FormerDomain.objects.filter(portal=portal, domain=before).count() == 1


def test_whoever_loses_the_address_is_found_by_it_too(installed: Callable[..., Portal]) -> None:
    portal = installed()
    address, domain = portal.client_endpoint, portal.domain
    addresses.vacate(address, "f" * 32)
    portal.refresh_from_db()
    assert portal.domain == ""
    assert troubles.named(domain) == [portal.pk]
