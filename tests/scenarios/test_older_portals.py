"""Portals that are too old to know something of what we bind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from portals.bitrix24.placements import REST_APP_URI
from portals.bitrix24.rest import BatchResult, Command, RestClient
from portals.lifecycle import bindings, install
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal
from portals.outgoing import gateway
from tests.scenarios.life import ADMIN, EVENTS, PRIYA, Install, bound
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db


def names(opens: Opens, key: str = "alpha") -> list[str]:
    return sorted(item["placement"] for item in opens.emulator.control.installation(key)["placements"])


@pytest.fixture
def lacking(opens: Opens) -> Iterator[Any]:
    """Take something from portal alpha."""

    def lack(**settings: str) -> None:
        opens.emulator.control.settings("alpha", **settings)

    return lack  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("lack", "missing"),
    [
        ({"lacks_placement": "REST_APP_URI"}, ["REST_APP_URI"]),
        ({"lacks_event": "ONAPPPAYMENT"}, ["ONAPPPAYMENT"]),
        ({"lacks_event": "ONAPPUPDATE"}, ["ONAPPUPDATE"]),
        ({"lacks_method": "placement.get"}, ["placement.get"]),
        ({"lacks_method": "event.get"}, ["event.get"]),
        ({"lacks_method": "event.bind"}, EVENTS),
    ],
)
def test_what_a_portal_does_not_know_is_left_out_and_named(
    opens: Opens, installed: Install, lacking: Any, lack: dict[str, str], missing: list[str]
) -> None:
    lacking(**lack)
    portal = installed()
    assert portal.handlers_missing == missing
    assert portal.handlers_digest == bindings.declaration_digest()
    assert names(opens) == sorted({"IM_SIDEBAR", "REST_APP_URI"} - set(missing))
    assert bound(opens)[1] == [event for event in EVENTS if event not in missing]
    assert opens.widget("alpha", PRIYA, "chat22").status_code == 200
    page = opens.application("alpha", ADMIN).content.decode()
    assert missing[0] in page
    assert "Update your Bitrix24 to have it too." in page

    install.reconcile(portal)
    assert (portal.handlers_missing, install.claim_stale(10)) == (missing, [])


def test_a_portal_that_binds_nothing_within_a_batch(opens: Opens, installed: Install, lacking: Any) -> None:
    """Public code of 2026 says so of ``placement.bind``; the documentation does not."""
    lacking(refuses_in_batch="placement.bind,placement.unbind,event.bind,event.unbind")
    portal = installed()
    assert names(opens) == ["IM_SIDEBAR", "REST_APP_URI"]
    assert bound(opens)[1] == EVENTS
    install.reconcile(portal, settings=SidebarSettings(title="Team notes").stored())
    assert [item["title"] for item in opens.emulator.control.sidebar_items("alpha")] == ["Team notes"]
    opens.emulator.control.forget_requests()
    install.reconcile(portal)
    assert len(opens.emulator.control.requests("rest")) == 1


def test_settings_reach_a_portal_that_cannot_tell_what_it_has(
    opens: Opens, installed: Install, lacking: Any
) -> None:
    lacking(lacks_method="placement.get")
    portal = installed()
    install.reconcile(portal, settings=SidebarSettings(title="Team notes").stored())
    assert [item["title"] for item in opens.emulator.control.sidebar_items("alpha")] == ["Team notes"]


def test_without_the_sidebar_nothing_is_installed_and_nothing_stays_bound(opens: Opens, lacking: Any) -> None:
    lacking(lacks_placement="IM_SIDEBAR")
    response = opens.install("alpha")
    assert (response.status_code, response.context["reason"]) == (409, "portal_too_old")
    assert "Update your Bitrix24" in response.content.decode()
    assert not Portal.objects.exists()
    assert (names(opens), bound(opens)[1]) == ([], [])


def test_a_card_without_the_scope_of_chats_is_no_old_portal(opens: Opens) -> None:
    opens.emulator.control.application(opens.emulator.client_id, scope=["placement"])
    assert opens.install("alpha").context["reason"] == "scope_missing"
    assert names(opens) == []


@pytest.mark.parametrize("warm", [False, True])
def test_no_link_is_offered_where_links_lead_nowhere(
    opens: Opens, installed: Install, lacking: Any, warm: bool
) -> None:
    lacking(lacks_placement="REST_APP_URI")
    portal = installed()
    form = opens.form("alpha", PRIYA, "chat22")
    page = opens.post(form)
    if warm:
        page = opens.post(form)
    assert frame_data(page)["link"] == ""
    assert 'data-action="copy"' not in page.content.decode()

    lacking(lacks_placement="")
    install.reconcile(portal)

    assert portal.handlers_missing == []
    page = opens.post(form)
    assert frame_data(page)["link"]
    assert 'data-action="copy"' in page.content.decode()


@dataclass
class Refusing:
    """A client of a portal that refuses the address of one handler."""

    client: RestClient
    placement: str

    def batch(self, commands: Mapping[str, Command]) -> BatchResult:
        return self.client.batch({key: self._changed(command) for key, command in commands.items()})

    def _changed(self, command: Command) -> Command:
        method, params = command
        refused = method == "placement.bind" and params.get("PLACEMENT") == self.placement
        return (method, {**params, "HANDLER": "ftp://127.0.0.1/"}) if refused else command


def test_a_refusal_leaves_the_portal_as_it_was(opens: Opens, installed: Install) -> None:
    portal = installed()
    token = opens.emulator.control.tokens("alpha", ADMIN)["access_token"]
    client = gateway.portal(portal, token)
    client.call("event.unbind", {"event": EVENTS[0], "handler": "http://127.0.0.1:8000/events/"})
    client.call("placement.unbind", {"PLACEMENT": REST_APP_URI})
    before = bindings.present(client.batch(bindings.COMMANDS))

    with pytest.raises(bindings.BindingFailed, match="error_unsupported_protocol"):
        bindings.reconcile(Refusing(client, REST_APP_URI), before, SidebarSettings(title="Team notes"))

    assert bindings.present(client.batch(bindings.COMMANDS)) == before
