"""Rows that somebody has in hand: who has to wait for them, who passes them by, and who never notices."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portals.bitrix24.errors import Unreachable
from portals.lifecycle import install, presence
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalEvent, PortalToken
from portals.outgoing import addresses, breaker
from portals.tokens import dispatch, pairs, refresh
from tests.portals.lifecycle.test_transitions import waiting_for_a_row
from tests.support.opens import Opens
from tests.support.processes import until

pytestmark = pytest.mark.django_db(transaction=True)
Install = Callable[..., Portal]


def stored(number: int) -> Portal:
    """An installed portal of which everything is due."""
    domain, now = f"p{number}.example", timezone.now()
    portal = Portal.objects.create(
        member_id=f"{number:032x}", domain=domain, client_endpoint=f"https://{domain}/rest/"
    )
    assert portal.install()
    pairs.store(portal, 1, "access", "refresh", now + timedelta(hours=1))
    Portal.objects.filter(pk=portal.pk).update(presence_due_at=now, handlers_digest="older")
    portal.refresh_from_db()
    return portal


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """``work`` in a thread with a connection of its own, which is over at the end."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(30)
    assert not thread.is_alive()


CLAIMS: dict[str, Callable[[], list[int]]] = {
    "handlers": lambda: install.claim_stale(10),
    "presence": lambda: presence.claim_due(10),
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_whoever_claims_passes_by_what_somebody_has_in_hand(claim: Callable[[], list[int]]) -> None:
    held, free = stored(1), stored(2)
    with transaction.atomic():
        refresh.hold(held)
        found: list[list[int]] = []
        with meanwhile(lambda: found.append(claim())) as rival:
            rival.join(10)
            assert found == [[free.pk]]


def test_a_token_is_handed_out_whoever_has_its_portal_in_hand(settings: Any) -> None:
    """Also while one authorization server fails, and portals have to be told apart."""
    settings.BITRIX24_OAUTH_URL = ["https://first.example", "https://second.example"]
    for _ in range(breaker.THRESHOLD):
        with suppress(Unreachable), breaker.guard("second.example"):
            raise Unreachable
    portal = stored(1)
    PortalToken.objects.update(refresh_due_at=timezone.now())
    with transaction.atomic():
        refresh.hold(portal)
        found: list[list[int]] = []
        with meanwhile(lambda: found.extend(dispatch.claim_due())) as rival:
            rival.join(10)
            assert found == [[portal.tokens.get().pk]]


def test_tokens_are_made_due_without_waiting_for_who_is_changing_one() -> None:
    held, free = stored(1), stored(2)
    with transaction.atomic():
        PortalToken.objects.select_for_update().get(portal=held)
        found: list[int] = []
        with meanwhile(lambda: found.extend(pairs.make_due([held, free]))) as rival:
            rival.join(10)
            assert found == [free.tokens.get().pk]


DECISIONS: dict[str, Callable[[Portal], object]] = {
    "handlers": lambda portal: install.claim_stale(10),
    "presence": lambda portal: presence.claim_due(10),
    "tokens": refresh.hold,
    "status": lambda portal: portal.block("unpaid"),
    "address": lambda portal: addresses.vacate(portal.client_endpoint, "f" * 32),
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_what_is_written_down_about_a_portal_does_not_wait_for_who_decides(
    decide: Callable[[Portal], object],
) -> None:
    """An event of Bitrix24's comes once, and is answered within milliseconds."""
    portal = stored(1)

    def write() -> None:
        PortalEvent.objects.create(portal=portal, member_id=portal.member_id, event="E", dedup_key="k")

    with ExitStack() as stack, transaction.atomic():
        decide(portal)
        stack.enter_context(meanwhile(write)).join(10)
        assert PortalEvent.objects.exists()


def test_an_install_waits_for_the_operator_who_is_blocking_the_portal(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    form = opens.emulator.control.install("alpha")
    with ExitStack() as stack, transaction.atomic():
        Portal.objects.get().block(BLOCKED_BY_OPERATOR)
        stack.enter_context(meanwhile(lambda: opens.post(form)))
        until(waiting_for_a_row, 10)
    portal.refresh_from_db()
    assert (portal.status, portal.status_reason) == ("blocked", BLOCKED_BY_OPERATOR)
