"""Updates and handlers: rows of the table in docs/install-flow.md."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portals import tasks
from portals.lifecycle import bindings, install
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal
from portals.outgoing import gateway
from tests.scenarios.life import EVENTS, PRIYA, Install, bound
from tests.support.events import Events
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db


def test_an_update_binds_again_what_it_dropped(events: Events, opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.update("alpha", version=2, installer=False)
    assert bound(opens)[1] == []

    assert events.deliver("ONAPPUPDATE").status == "done"

    assert bound(opens)[1] == EVENTS
    portal.refresh_from_db()
    assert portal.app_version == 2
    assert portal.application_token == events.sent("ONAPPUPDATE")["auth[application_token]"]


def test_an_update_without_event_is_noticed_at_an_open(
    opens: Opens, installed: Install, django_capture_on_commit_callbacks: Any
) -> None:
    portal = installed()
    opens.emulator.control.events("alpha", lost=True)
    opens.emulator.control.update("alpha", version=2, installer=False)
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200

    install.reconcile(portal)  # the task that the drift has queued

    assert bound(opens)[1] == EVENTS
    assert Portal.objects.get().app_version == 2


def test_a_changed_public_url_heals_the_handlers(opens: Opens, installed: Install, settings: Any) -> None:
    portal = installed()
    assert install.claim_stale(10) == []
    settings.PUBLIC_URL = "http://127.0.0.1:8009"
    assert install.claim_stale(10) == [portal.pk]

    tasks.reconcile_handlers(portal.pk)

    assert bound(opens) == (["http://127.0.0.1:8009/widget/"], EVENTS)
    assert {item["handler"] for item in opens.emulator.control.installation("alpha")["events"]} == {
        "http://127.0.0.1:8009/events/"
    }
    assert install.claim_stale(10) == []


def test_two_reconciles_at_once_end_in_one_set_of_handlers(opens: Opens) -> None:
    """Both start from a portal that has nothing bound."""
    form = opens.emulator.control.install("alpha")
    endpoint = opens.emulator.portals["alpha"].client_endpoint
    client = gateway.rest(endpoint, form["fields"]["AUTH_ID"])
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(bindings.reconcile, client, [], SidebarSettings(), attempts=4) for _ in range(4)]
    assert [run.exception() for run in runs] == [None] * 4
    assert bound(opens) == (["http://127.0.0.1:8000/widget/"], EVENTS)


def test_a_reconcile_that_finds_everything_in_place_only_looks(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.forget_requests()
    install.reconcile(portal)
    assert [r["method"] for r in opens.emulator.control.requests("rest")] == ["batch"]


def test_a_reconcile_that_failed_is_tried_again_after_an_hour(opens: Opens, installed: Install) -> None:
    portal = installed()
    opens.emulator.control.fault("alpha", "500")
    with pytest.raises(Exception, match="internal_server_error"):
        install.reconcile(portal)
    assert install.claim_stale(10) == []
    Portal.objects.update(handlers_tried_at=timezone.now() - timedelta(hours=2))
    assert install.claim_stale(10) == [portal.pk]


def titles(opens: Opens) -> list[str]:
    return [item["title"] for item in opens.emulator.control.sidebar_items("alpha")]


def save(portal: Portal, title: str) -> None:
    """What the page of settings does."""
    install.reconcile(Portal.objects.get(pk=portal.pk), settings=SidebarSettings(title=title).stored())


def heal(opens: Opens) -> list[str]:
    """What the sweep does; the titles of the item afterwards."""
    for portal_id in install.claim_stale(10):
        tasks.reconcile_handlers(portal_id)
    assert install.claim_stale(10) == []
    return titles(opens)


def test_a_worker_binds_the_settings_of_now(opens: Opens, installed: Install) -> None:
    portal = installed()
    save(portal, "New")
    install.reconcile(portal)  # read before they were saved
    assert titles(opens) == ["New"]
    assert Portal.objects.get().placement_settings["title"] == "New"


@pytest.mark.parametrize("rival_first", [True, False])
def test_settings_saved_during_a_reconcile_are_never_lost(
    opens: Opens, installed: Install, monkeypatch: pytest.MonkeyPatch, rival_first: bool
) -> None:
    """Whoever comes last to the portal: what is bound and what is stored agree in the end."""
    portal = installed()
    save(portal, "Old")
    real = bindings.reconcile

    def with_a_rival(client: Any, bound: Any, sidebar: SidebarSettings) -> list[str]:
        monkeypatch.setattr(bindings, "reconcile", real)
        if rival_first:
            save(portal, "New")
            bound = bindings.present(client.batch(bindings.COMMANDS))
        missing = real(client, bound, sidebar)
        if not rival_first:
            save(portal, "New")
        return missing

    monkeypatch.setattr(bindings, "reconcile", with_a_rival)
    install.reconcile(portal)

    assert heal(opens) == ["New"]


def test_a_reinstall_that_read_old_settings_is_noticed(
    opens: Opens, installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = installed()
    real = bindings.reconcile

    def with_a_rival(client: Any, bound: Any, sidebar: SidebarSettings) -> list[str]:
        monkeypatch.setattr(bindings, "reconcile", real)
        save(portal, "New")
        return real(client, bindings.present(client.batch(bindings.COMMANDS)), sidebar)

    monkeypatch.setattr(bindings, "reconcile", with_a_rival)
    assert opens.install("alpha").status_code == 200

    assert titles(opens) == ["Notebook"]
    assert heal(opens) == ["New"]
