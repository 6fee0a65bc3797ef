"""Whoever loses an address is decided about under lock, as it is at that moment."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from portals.models import Portal
from portals.outgoing import addresses
from tests.portals.lifecycle.test_transitions import standing, waiting_for_a_row
from tests.support.processes import until

Install = Callable[..., Portal]
NEWCOMER = "f" * 32


def vacated_meanwhile(portal: Portal, meanwhile: Callable[[Portal], object]) -> None:
    """A newcomer claims the portal's address while ``meanwhile`` changes the portal, and is not yet committed."""
    errors: list[Exception] = []

    def vacate() -> None:
        try:
            with transaction.atomic():
                addresses.vacate(portal.client_endpoint, NEWCOMER)
        except Exception as error:  # noqa: BLE001 - whatever it is, the newcomer would see it
            errors.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        meanwhile(Portal.objects.get(pk=portal.pk))
        rival = threading.Thread(target=vacate)
        rival.start()
        until(waiting_for_a_row, 10)
    rival.join()
    assert errors == []


@pytest.mark.django_db(transaction=True)
def test_whoever_moves_meanwhile_keeps_the_new_address(installed: Install) -> None:
    portal = installed()
    elsewhere = "https://elsewhere.example/rest/"
    vacated_meanwhile(portal, lambda other: addresses.move(other, elsewhere))
    assert standing(portal) == ("active", "installed")
    assert Portal.objects.get().client_endpoint == elsewhere


@pytest.mark.django_db(transaction=True)
def test_whoever_is_healed_meanwhile_loses_the_address_all_the_same(installed: Install) -> None:
    portal = installed()
    vacated_meanwhile(portal, Portal.heal)
    assert standing(portal) == ("blocked", "address_lost")
    assert Portal.objects.get().client_endpoint == ""


@pytest.mark.django_db
def test_whoever_does_not_move_drives_nobody_away(installed: Install) -> None:
    alpha, beta = installed("alpha"), installed("beta")
    stale = Portal.objects.get(pk=alpha.pk)
    assert alpha.install()
    addresses.move(stale, beta.client_endpoint)
    assert standing(beta)[0] == "active"
    assert Portal.objects.get(pk=beta.pk).client_endpoint == beta.client_endpoint
