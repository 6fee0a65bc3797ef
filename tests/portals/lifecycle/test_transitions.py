"""No transition is carried out that was decided about something else: an earlier installation, another status."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portals.bitrix24.errors import NotInstalled
from portals.bitrix24.payloads import OpenRequest, Profile
from portals.lifecycle import heal, uninstall
from portals.lifecycle.uninstall import Presence
from portals.models import BLOCKED_BY_OPERATOR, EventCredentials, Portal, PortalEvent, PortalToken
from portals.outgoing import addresses
from portals.tokens import pairs, refresh
from tests.support.opens import Opens
from tests.support.processes import until
from widget.models import Note

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
ADMIN, SECOND_ADMIN = 1, 2
VERBS: list[tuple[str, Callable[[Portal], bool]]] = [
    ("install", Portal.install),
    ("heal", Portal.heal),
    ("recover", lambda portal: portal.recover("found_again")),
    ("block", lambda portal: portal.block("unpaid")),
    ("operator", lambda portal: portal.block(BLOCKED_BY_OPERATOR)),
    ("delete", lambda portal: portal.mark_deleted("uninstalled")),
    ("unblock", Portal.unblock),
]
every_verb = pytest.mark.parametrize("verb", [verb for _, verb in VERBS], ids=[name for name, _ in VERBS])


def standing(portal: Portal) -> tuple[str, str]:
    return Portal.objects.values_list("status", "status_reason").get(pk=portal.pk)


def history(portal: Portal) -> list[tuple[str, str, str]]:
    return list(portal.transitions.order_by("pk").values_list("old", "new", "reason"))


@pytest.fixture
def portal(db: None) -> Portal:
    """Installed once, with a living token."""
    portal = Portal.objects.create(
        member_id="a" * 32, domain="acme.bitrix24.com", client_endpoint="https://acme.bitrix24.com/rest/"
    )
    pairs.store(portal, ADMIN, "access", "refresh", timezone.now() + timedelta(hours=1))
    assert portal.install()
    return portal


# --- Another installation than the one that was decided about ---


@every_verb
@pytest.mark.parametrize("proof", [Portal.install, Portal.heal], ids=["installed", "healed"])
def test_nothing_that_was_decided_before_an_administrator_came_is_carried_out(
    portal: Portal,
    proof: Callable[[Portal], bool],
    verb: Callable[[Portal], bool],
    caplog: pytest.LogCaptureFixture,
) -> None:
    stale = Portal.objects.get(pk=portal.pk)
    assert proof(portal)
    before = history(portal)

    assert verb(stale) is False

    assert standing(portal) == ("active", "installed")
    assert history(portal) == before
    assert PortalToken.objects.alive().exists()
    assert "portal_moved_on" in caplog.text


@every_verb
def test_nothing_happens_to_a_portal_that_was_erased(portal: Portal, verb: Callable[[Portal], bool]) -> None:
    stale = Portal.objects.get(pk=portal.pk)
    portal.delete()
    assert verb(stale) is False
    assert not Portal.objects.exists()


def test_a_refresh_that_says_not_installed_does_not_end_a_newer_installation(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    sent = refresh.take(portal.tokens.get().pk, 1)
    assert sent is not None
    opens.install("alpha", SECOND_ADMIN)
    opens.emulator.control.fault("oauth", "not_installed")

    with pytest.raises(NotInstalled):
        refresh.spend(sent)

    assert standing(portal) == ("active", "installed")
    assert PortalToken.objects.alive().filter(user_id=SECOND_ADMIN).exists()
    portal.refresh_from_db()
    assert portal.application_token


def test_a_confirmed_uninstall_does_not_erase_a_newer_installation(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.uninstall("alpha", clean=True)
    assert uninstall.presence(Portal.objects.get()) is Presence.GONE
    opens.install()
    chat = portal.chats.create(chat_id=22)
    Note.objects.create(chat=chat, text="new", author_id=1, author_name="Helena")

    uninstall.erase_now(portal, reason="erased_by_operator")

    assert standing(portal) == ("active", "installed")
    assert Note.objects.exists()


def test_an_uninstall_with_erasing_says_nothing_about_a_later_one_without(portal: Portal) -> None:
    stale = Portal.objects.get(pk=portal.pk)
    portal.install()
    uninstall.uninstall(portal, clean=False)

    uninstall.erase_now(stale, reason="erased_by_operator")

    assert standing(portal) == ("deleted", "uninstalled")


def test_who_notices_later_that_a_portal_left_does_not_postpone_its_erasure(portal: Portal) -> None:
    stale = Portal.objects.get(pk=portal.pk)
    uninstall.uninstall(portal, clean=True)
    due = Portal.objects.get().erase_due_at

    uninstall.uninstall(stale, clean=False, reason="vanished")

    assert Portal.objects.get().erase_due_at == due


def test_an_older_address_does_not_replace_that_of_a_newer_installation(
    opens: Opens, installed: Install
) -> None:
    portal = installed()
    before = portal.client_endpoint
    opens.install()

    addresses.move(portal, "https://older.example/rest/")

    assert portal.client_endpoint == before
    assert Portal.objects.get().client_endpoint == before


# --- Another status than the one that was decided about ---


@pytest.mark.parametrize("verb", [verb for name, verb in VERBS if name in ("heal", "recover", "block")])
def test_only_an_install_leaves_deleted(portal: Portal, verb: Callable[[Portal], bool]) -> None:
    portal.block("unpaid")
    stale = Portal.objects.get(pk=portal.pk)
    portal.mark_deleted("uninstalled")
    erase_due_at = portal.erase_due_at

    assert verb(stale) is False

    portal.refresh_from_db()
    assert (portal.status, portal.erase_due_at) == ("deleted", erase_due_at)
    assert portal.install()
    assert standing(portal) == ("active", "installed")


def test_a_heal_of_a_portal_that_left_meanwhile_brings_nothing_back(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.block("token_dead")
    form = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    Portal.objects.get().mark_deleted("uninstalled")
    query = {"DOMAIN": portal.domain, "LANG": "en", "PROTOCOL": "0", "APP_SID": "a"}

    heal.heal(portal, Profile(ADMIN, True, "Helena", "", ""), OpenRequest.parse(query, form["fields"]))

    assert standing(portal) == ("deleted", "uninstalled")
    assert not PortalToken.objects.exists()


def test_what_is_disproved_lifts_that_block_and_no_other(portal: Portal) -> None:
    stale = Portal.objects.get(pk=portal.pk)
    portal.block("unpaid")
    portal.block("portal_gone")
    assert stale.recover("paid", disproved=["unpaid"]) is False
    assert standing(portal) == ("blocked", "portal_gone")
    assert stale.recover("found_again", disproved=["portal_gone"])
    assert standing(portal) == ("active", "found_again")


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_a_rival_and_sees_what_it_did(installed: Install) -> None:
    portal = installed()
    Portal.objects.get().block("portal_gone")
    outcome = []

    def recover() -> None:
        outcome.append(portal.recover("paid", disproved=["portal_gone"]))
        connection.close()

    with transaction.atomic():
        Portal.objects.get().block(BLOCKED_BY_OPERATOR)
        rival = threading.Thread(target=recover)
        rival.start()
        until(waiting_for_a_row, 10)
    rival.join()
    assert outcome == [False]
    assert standing(portal) == ("blocked", BLOCKED_BY_OPERATOR)


def waiting_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")
        return bool(cursor.fetchone()[0])


# --- Active is only what can work ---


@pytest.mark.parametrize("reason", ["unpaid", "token_dead", "not_installed", "installed"])
def test_whoever_loses_the_address_is_not_brought_back_by_a_refresh(portal: Portal, reason: str) -> None:
    if reason != "installed":
        portal.block(reason)
    addresses.vacate(portal.client_endpoint, "f" * 32)
    assert standing(portal) == ("blocked", "address_lost")
    assert Portal.objects.get().recover("token_refreshed") is False
    assert standing(portal) == ("blocked", "address_lost")


@pytest.mark.parametrize("status", ["new", "deleted"])
def test_whoever_is_not_installed_loses_an_address_and_nothing_else(portal: Portal, status: str) -> None:
    Portal.objects.filter(pk=portal.pk).update(status=status, status_reason="")
    addresses.vacate(portal.client_endpoint, "f" * 32)
    portal.refresh_from_db()
    assert (portal.status, portal.client_endpoint, portal.domain) == (status, "", "")


def test_a_confirmed_address_alone_does_not_make_up_for_a_token(portal: Portal) -> None:
    addresses.vacate(portal.client_endpoint, "f" * 32)
    PortalToken.objects.update(dead_at=timezone.now())
    addresses.move(Portal.objects.get(), "https://acme.bitrix24.eu/rest/")
    assert standing(portal) == ("blocked", "token_dead")


def test_leaving_takes_the_credentials_of_waiting_events_along(portal: Portal) -> None:
    event = PortalEvent.objects.create(
        portal=portal, member_id=portal.member_id, event="ONAPPINSTALL", dedup_key="a", data={}
    )
    EventCredentials.objects.create(event=event, access_token="secret")
    portal.mark_deleted("uninstalled")
    assert not EventCredentials.objects.exists()
