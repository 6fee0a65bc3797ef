"""Leaving without a trace: what an erasure leaves, in every table."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from portals import tasks
from portals.infrastructure.call_log import CALLS
from portals.lifecycle import install, uninstall
from portals.models import (
    BLOCKED_BY_OPERATOR,
    ApiCall,
    Portal,
    PortalEvent,
    PortalTransition,
    authorship,
    signals,
)
from tests.support.events import Events
from tests.support.opens import Opens, frame_data
from widget.models import Note

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]
SECRET_TEXT = "the harbour key is under the mat"


def rows_that_say(*needles: str) -> list[tuple[str, str]]:
    """Every row of every table that contains one of ``needles``, as (table, row)."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608
            for (row,) in cursor.fetchall():
                found += [(table, row) for needle in needles if needle in row]
    return found


def live(opens: Opens, events: Events, portal: Portal) -> None:
    """A portal that has been used: notes, calls, events, an operator's look."""
    page = opens.widget("alpha", 3, "chat22")
    opens.api(frame_data(page)["session"]).add(SECRET_TEXT)
    events.deliver("ONAPPINSTALL")
    install.reconcile(portal)
    assert CALLS.flush() > 3
    operator = get_user_model().objects.create_superuser("operator")
    LogEntry.objects.create(
        user=operator,
        content_type=ContentType.objects.get_for_model(Portal),
        object_id=str(portal.pk),
        object_repr=str(portal),
        action_flag=CHANGE,
    )


def test_an_erasure_leaves_one_line_in_the_whole_database(
    opens: Opens, events: Events, installed: Install
) -> None:
    portal = installed()
    live(opens, events, portal)
    needles = (portal.member_id, portal.domain, SECRET_TEXT, "Priya", "northwind")
    tables = {table for table, _ in rows_that_say(*needles)}
    assert {
        "portals_portal",
        "portals_portalevent",
        "portals_apicall",
        "widget_note",
        "django_admin_log",
    } <= tables

    opens.emulator.control.uninstall("alpha", clean=True)
    events.deliver("ONAPPUNINSTALL")
    Portal.objects.update(erase_due_at=timezone.now())
    tasks.erase_due()
    CALLS.flush()

    [(table, row)] = rows_that_say(*needles)
    assert table == "portals_portaltransition"
    line = PortalTransition.objects.get()
    assert (line.portal, line.member_id, line.reason) == (None, portal.member_id, "erased")
    assert portal.domain not in row
    for model in (Portal, PortalEvent, Note):
        assert not model.objects.exists()


def test_an_erasure_touches_no_other_portal(opens: Opens, events: Events, installed: Install) -> None:
    portal, other = installed("alpha"), installed("beta")
    page = opens.widget("beta", 1, "chat21")
    opens.api(frame_data(page)["session"]).add("of beta")
    CALLS.flush()
    calls = ApiCall.objects.filter(portal=other).count()
    uninstall.erase_now(portal, reason="erased_by_operator")

    assert list(Portal.objects.all()) == [other]
    assert Note.objects.get().text == "of beta"
    assert other.tokens.alive().count() == 1
    assert ApiCall.objects.filter(portal=other).count() == calls > 0


def test_an_erasure_spares_a_portal_that_came_back(opens: Opens, installed: Install) -> None:
    portal = installed()
    uninstall.uninstall(portal, clean=False)
    Portal.objects.update(erase_due_at=timezone.now() - timedelta(days=1))
    due = uninstall.due_for_erasure(10)
    opens.install()

    assert [uninstall.erase(portal_id) for portal_id in due] == [False]
    assert Portal.objects.get().status == "active"


def test_an_erasure_twice_is_one(installed: Install) -> None:
    portal = installed()
    portal_id = portal.pk
    uninstall.erase_now(portal, reason="erased_by_operator")
    assert uninstall.erase(portal_id) is False
    assert PortalTransition.objects.count() == 1


def test_what_is_not_due_is_not_erased(installed: Install) -> None:
    portal = installed()
    uninstall.uninstall(portal, clean=False)
    assert uninstall.erase(portal.pk) is False
    assert Portal.objects.filter(pk=portal.pk, status="deleted").exists()


def test_one_portal_that_cannot_be_erased_does_not_keep_the_others(opens: Opens, installed: Install) -> None:
    stubborn, other = installed("alpha"), installed("beta")
    for portal in (stubborn, other):
        uninstall.uninstall(portal, clean=False)
    Portal.objects.update(erase_due_at=timezone.now() - timedelta(days=1))

    def refuse(sender: object, portal: Portal, **_: object) -> int:
        assert portal.pk != stubborn.pk
        return 0

    signals.erased.connect(refuse)
    try:
        tasks.erase_due()
    finally:
        signals.erased.disconnect(refuse)
    assert list(Portal.objects.all()) == [stubborn]


def test_who_comes_back_between_two_portions_keeps_the_rest(
    opens: Opens, events: Events, installed: Install
) -> None:
    portal = installed()
    live(opens, events, portal)
    uninstall.uninstall(portal, clean=False)
    Portal.objects.update(erase_due_at=timezone.now())

    def come_back(sender: object, portal: Portal, **_: object) -> int:
        assert Portal.objects.get(pk=portal.pk).install()
        return 1

    signals.erased.connect(come_back)
    try:
        assert uninstall.erase(portal.pk) is False
    finally:
        signals.erased.disconnect(come_back)
    assert Portal.objects.get().status == "active"
    assert PortalEvent.objects.exists()


def test_a_portal_is_erased_once_it_counts_as_gone(installed: Install) -> None:
    """It has left before the first portion goes, so nobody opens what is half erased."""
    portal = installed()
    portal.tokens.update(dead_at=timezone.now())
    portal.refresh_from_db()
    uninstall.park(portal, erase=True)
    Portal.objects.update(erase_due_at=timezone.now())
    seen = []

    def look(portal: Portal, **_: object) -> int:
        seen.append((portal.status, portal.status_reason, portal.tokens.exists()))
        return 1 if len(seen) == 1 else 0

    signals.erased.connect(look)
    try:
        assert uninstall.erase(portal.pk)
    finally:
        signals.erased.disconnect(look)
    assert set(seen) == {("deleted", "never_confirmed", False)}
    reasons = PortalTransition.objects.values_list("new", "reason")
    assert list(reasons) == [("deleted", "erased")]


def test_who_waits_longest_is_erased_first(installed: Install) -> None:
    now = timezone.now()
    first, second = installed("alpha"), installed("beta")
    for portal, days in ((first, 1), (second, 5)):
        Portal.objects.filter(pk=portal.pk).update(status="deleted", erase_due_at=now - timedelta(days=days))
    assert uninstall.due_for_erasure(1) == [second.pk]
    assert uninstall.due_for_erasure(10) == [second.pk, first.pk]


def test_what_is_written_down_of_a_portal_goes_and_of_others_stays(
    opens: Opens, events: Events, installed: Install
) -> None:
    """Calls of before it was stored are known by its address alone."""
    portal, other = installed("alpha"), installed("beta")
    live(opens, events, portal)
    for owner, host in ((None, portal.domain), (other, other.domain), (None, other.domain)):
        ApiCall.objects.create(portal=owner, host=host, method="profile", duration=1)
    Portal.objects.filter(pk=portal.pk).update(status="deleted", erase_due_at=timezone.now())
    tasks.erase_due()
    assert not ApiCall.objects.filter(host=portal.domain).exists()
    assert ApiCall.objects.filter(host=other.domain).count() >= 2
    assert not PortalEvent.objects.filter(member_id=portal.member_id).exists()
    assert not LogEntry.objects.exists()


def test_an_operators_block_outlasts_an_erasure(opens: Opens, events: Events, installed: Install) -> None:
    """Leaving with everything and coming back is no way around it; of the portal nothing else is left."""
    portal = installed()
    live(opens, events, portal)
    portal.refresh_from_db()
    with authorship.acting("operator", portal.pk):
        portal.block(BLOCKED_BY_OPERATOR, note="abuse of 3 May")
    uninstall.erase_now(portal, reason="erased_by_operator")
    assert opens.install("alpha").context["reason"] == "portal_blocked"
    CALLS.flush()

    held = Portal.objects.get()
    assert (held.status, held.status_reason, held.domain) == ("deleted", "operator", "")
    block = held.transitions.get()
    assert (block.by, block.note) == ("operator", "abuse of 3 May")
    assert {table for table, _ in rows_that_say(portal.domain, SECRET_TEXT, "Priya", "northwind")} <= {
        "portals_apicall"  # of the install that was refused
    }
    assert held.unblock()
    tasks.erase_due()
    assert not Portal.objects.exists()
    assert opens.install("alpha").status_code == 200
