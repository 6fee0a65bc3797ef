"""Install, open, gate, uninstall, reinstall: the forms a portal posts into the iframe."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.client import HELENA, MEI, OMAR, PRIYA, RUTH, TOMAS, WIDGET, Client
from tests.support.control import ControlError
from tests.support.emulator import Emulator

ALWAYS = {"AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "member_id", "status", "PLACEMENT"}
NEW = {"SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE"}


def test_the_installer_page(emulator: Emulator) -> None:
    form = emulator.control.install("alpha", HELENA)
    portal = emulator.portals["alpha"]

    url, query = urlsplit(form["url"]), parse_qs(urlsplit(form["url"]).query)
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{emulator.app_url}/install/"
    assert {name: values[0] for name, values in query.items()} == {
        "DOMAIN": portal.domain,
        "PROTOCOL": "0",
        "LANG": "en",
        "APP_SID": form["app_sid"],
    }
    assert len(form["app_sid"]) == 32
    assert form["frame_name"] == f"{portal.domain}|0|{form['app_sid']}"
    assert set(form["fields"]) == ALWAYS | NEW
    assert form["fields"]["PLACEMENT"] == "DEFAULT"
    assert form["fields"]["AUTH_EXPIRES"] == "3600"
    assert form["fields"]["member_id"] == portal.member_id


def test_only_administrators_install(emulator: Emulator) -> None:
    with pytest.raises(ControlError) as refused:
        emulator.control.install("alpha", PRIYA)
    assert refused.value.code == "ACCESS_DENIED"


def test_until_finished_administrators_meet_the_wizard_and_others_a_notice(emulator: Emulator) -> None:
    control = emulator.control
    control.install("alpha", HELENA)
    client = Client(emulator, "alpha")
    client.bind()

    assert client.result("app.info")["INSTALLED"] is False
    assert "/install/" in control.open("alpha", OMAR, placement="DEFAULT")["url"]
    assert control.open("alpha", PRIYA, placement="DEFAULT") == {"gate": "not_installed"}
    assert control.open("alpha", HELENA, "chat22") == {"gate": "not_installed"}
    control.install_finish("alpha", OMAR)
    assert "/app/" in control.open("alpha", PRIYA, placement="DEFAULT")["url"]
    assert control.open("alpha", HELENA, "chat22")["fields"]["PLACEMENT"] == "IM_SIDEBAR"
    assert client.result("app.info")["INSTALLED"] is True


def test_the_widgets_form(alpha: Client) -> None:
    alpha.bind(HANDLER="http://127.0.0.1:8000/widget/?own=1")
    form = alpha.emulator.control.open("alpha", PRIYA, "7")

    assert form["url"].startswith("http://127.0.0.1:8000/widget/?own=1&DOMAIN=localhost%3A")
    assert json.loads(form["fields"]["PLACEMENT_OPTIONS"]) == {"dialogId": "7", "URI": "/online/"}
    assert set(form["fields"]) == ALWAYS | NEW | {"PLACEMENT_OPTIONS"}


def test_an_older_portal_sends_less(beta: Client) -> None:
    beta.bind()
    control = beta.emulator.control

    fields = control.open("beta", 2, "chat22")["fields"]
    assert set(fields) == ALWAYS | {"PLACEMENT_OPTIONS"}
    assert json.loads(fields["PLACEMENT_OPTIONS"]) == {"dialogId": "chat22"}
    assert set(control.open("beta", 2, "chat22", generation="new")["fields"]) > NEW
    control.settings("beta", generation="new")
    assert set(control.open("beta", 2, "chat22")["fields"]) > NEW


def test_an_open_without_tokens(alpha: Client) -> None:
    alpha.bind()
    form = alpha.emulator.control.open("alpha", PRIYA, "chat22", without_auth=True)

    assert not {"AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID"} & set(form["fields"])


def test_the_interface_language_travels_in_the_query(alpha: Client) -> None:
    alpha.bind()
    form = alpha.emulator.control.open("alpha", PRIYA, "chat22", language="br")

    assert parse_qs(urlsplit(form["url"]).query)["LANG"] == ["br"]


def test_gates(alpha: Client) -> None:
    control = alpha.emulator.control
    assert control.open("alpha", PRIYA, "chat22") == {"gate": "not_bound"}
    alpha.bind()
    assert control.open("alpha", RUTH, "chat22") == {"gate": "dismissed"}
    control.access("alpha", [MEI])
    assert control.open("alpha", PRIYA, "chat22") == {"gate": "no_access"}
    assert "url" in control.open("alpha", HELENA, "chat22")
    control.payment("alpha", paid=False)
    assert control.open("alpha", MEI, "chat22") == {"gate": "unpaid"}
    control.uninstall("alpha")
    assert control.open("alpha", HELENA, "chat22") == {"gate": "not_installed"}


def test_the_posted_token_is_the_viewers(alpha: Client) -> None:
    alpha.bind()
    fields = alpha.emulator.control.open("alpha", TOMAS, "chat22")["fields"]
    client = Client(alpha.emulator, "alpha", {TOMAS: fields["AUTH_ID"]})

    assert client.result("profile", TOMAS)["ID"] == str(TOMAS)


def test_uninstall_and_reinstall(alpha: Client) -> None:
    control = alpha.emulator.control
    alpha.bind()
    alpha.result("event.bind", event="ONAPPUPDATE", handler="http://127.0.0.1:8000/events/")
    before = control.installation("alpha")
    control.uninstall("alpha", clean=True)
    gone = control.installation("alpha")
    again = Client.installed(alpha.emulator, "alpha")

    assert (gone["present"], gone["placements"], gone["events"]) == (False, [], [])
    assert again.result("placement.get") == again.result("event.get") == []
    assert control.installation("alpha")["number"] == before["number"]
    assert again.bind(HANDLER=WIDGET["HANDLER"]).json()["result"] is True


@pytest.mark.parametrize("renew", [False, True])
def test_a_reinstall_keeps_or_renews_the_application_token(alpha: Client, renew: bool) -> None:
    control = alpha.emulator.control
    before = control.installation("alpha")["application_token"]
    control.uninstall("alpha")
    form = control.install("alpha", renew_application_token=renew)

    assert (form["fields"]["APPLICATION_TOKEN"] != before) is renew


def test_an_update_may_bring_the_wizard_back(alpha: Client) -> None:
    alpha.bind()
    alpha.emulator.control.update("alpha", 2, installer=True)

    assert alpha.emulator.control.open("alpha", PRIYA, "chat22") == {"gate": "not_installed"}
    assert "/install/" in alpha.emulator.control.open("alpha", HELENA, placement="DEFAULT")["url"]


def test_portals_are_apart(alpha: Client, beta: Client) -> None:
    alpha.bind()

    assert beta.result("placement.get") == []
    assert alpha.result("profile", 3)["NAME"] != beta.result("profile", 3)["NAME"]
    alpha.emulator.control.uninstall("alpha")
    assert beta.result("app.info")["INSTALLED"] is True
