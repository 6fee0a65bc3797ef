"""event.* and the delivery of events."""

from typing import Any

import pytest

from tests.emulator.client import HELENA, PRIYA, TOMAS, Client
from tests.support.emulator import Emulator
from tests.support.receiver import Receiver

ADDRESS = {"domain", "client_endpoint", "server_endpoint", "member_id"}
USER = {"access_token", "expires", "expires_in", "scope", "status", "user_id"}


def auth(fields: dict[str, str]) -> set[str]:
    return {name[5:-1] for name in fields if name.startswith("auth[")}


def data(fields: dict[str, str]) -> dict[str, str]:
    return {name[5:-1]: value for name, value in fields.items() if name.startswith("data[")}


def test_bind_get_unbind(alpha: Client) -> None:
    handler = "http://127.0.0.1:8000/events/"
    assert alpha.result("event.bind", event="OnAppUpdate", handler=handler) is True

    assert alpha.error("EVENT.BIND", EVENT="ONAPPUPDATE", HANDLER=handler) == (400, "ERROR_CORE")
    assert alpha.result("event.get") == [
        {"event": "ONAPPUPDATE", "handler": handler, "auth_type": "0", "offline": 0}
    ]
    assert alpha.result("event.unbind", event="ONAPPUPDATE", handler=handler) == {"count": 1}
    assert alpha.result("event.unbind", event="ONAPPUPDATE", handler=handler) == {"count": 0}
    assert "ONAPPUNINSTALL" in alpha.result("events")


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"event": "", "handler": "http://a.b/"}, (400, "ERROR_ARGUMENT")),
        ({"event": "ONAPPUPDATE"}, (400, "ERROR_ARGUMENT")),
        ({"event": "ONNOTHING", "handler": "http://a.b/"}, (400, "ERROR_EVENT_NOT_FOUND")),
        ({"event": "ONAPPUPDATE", "handler": "http://localhost/"}, (400, "ERROR_WRONG_HANDLER_URL")),
        ({"event": "ONAPPUPDATE", "handler": "ftp://a.b/"}, (400, "ERROR_UNSUPPORTED_PROTOCOL")),
    ],
)
def test_bind_refusals(alpha: Client, params: dict[str, Any], error: tuple[int, str]) -> None:
    assert alpha.error("event.bind", **params) == error


def test_people_bind_and_see_their_own(alpha: Client) -> None:
    params = {"event": "ONAPPTEST", "handler": "http://127.0.0.1:8000/events/"}
    alpha.result("event.bind", PRIYA, **params)

    assert [item["auth_type"] for item in alpha.result("event.get", PRIYA)] == [str(PRIYA)]
    assert alpha.result("event.get", TOMAS) == []
    assert len(alpha.result("event.get", HELENA)) == 1
    assert alpha.error("event.bind", PRIYA, auth_type=TOMAS, **params) == (403, "ACCESS_DENIED")
    assert alpha.error("event.bind", PRIYA, event_type="offline", **params) == (403, "ACCESS_DENIED")
    assert alpha.result("event.unbind", TOMAS, **params) == {"count": 0}


def test_the_wizard_app_hears_of_its_install_after_the_finish(emulator: Emulator, receiver: Receiver) -> None:
    emulator.control.install("alpha")
    client = Client(emulator, "alpha")
    client.result("event.bind", event="ONAPPINSTALL", handler=receiver.url())
    emulator.control.install_finish("alpha")

    (sent,) = receiver.wait()
    fields = sent.fields
    assert sent.content_type == "application/x-www-form-urlencoded"
    assert "data%5BVERSION%5D=1" in sent.body
    assert fields["event"] == "ONAPPINSTALL"
    assert fields["ts"].isdigit()
    assert data(fields) == {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "en"}
    assert auth(fields) == ADDRESS | USER | {"application_token", "refresh_token"}
    assert fields["auth[application_token]"] == emulator.control.installation("alpha")["application_token"]
    assert client.endpoint == fields["auth[client_endpoint]"]


def test_an_app_without_interface_is_installed_at_once(emulator: Emulator, receiver: Receiver) -> None:
    emulator.control.application(emulator.client_id, has_interface=False, install_url=receiver.url())

    assert emulator.control.install("alpha")["url"] == ""

    (sent,) = receiver.wait()
    assert sent.fields["event"] == "ONAPPINSTALL"
    assert emulator.control.installation("alpha")["installed"] is True


def test_update_drops_event_handlers_and_renews_the_application_token(
    alpha: Client, receiver: Receiver
) -> None:
    alpha.bind()
    alpha.result("event.bind", event="ONAPPUPDATE", handler=receiver.url())
    before = alpha.emulator.control.installation("alpha")["application_token"]

    alpha.emulator.control.update("alpha", 2, installer=False)

    (sent,) = receiver.wait()
    assert data(sent.fields) == {"VERSION": "2", "PREVIOUS_VERSION": "1", "LANGUAGE_ID": "en"}
    assert auth(sent.fields) == ADDRESS | USER | {"application_token", "refresh_token"}
    assert sent.fields["auth[application_token]"] != before
    assert alpha.result("event.get") == []
    assert len(alpha.result("placement.get")) == 1
    assert alpha.result("app.info")["VERSION"] == 2


def test_an_older_portal_prints_the_scope_with_spaces(beta: Client, receiver: Receiver) -> None:
    beta.result("event.bind", event="ONAPPUPDATE", handler=receiver.url())
    beta.emulator.control.update("beta", 2, installer=False)

    (sent,) = receiver.wait()
    assert sent.fields["auth[scope]"] == "im placement user_brief disk"


@pytest.mark.parametrize("clean", [True, False])
def test_uninstall_carries_no_tokens(alpha: Client, receiver: Receiver, clean: bool) -> None:
    alpha.result("event.bind", event="ONAPPUNINSTALL", handler=receiver.url())
    alpha.emulator.control.uninstall("alpha", clean=clean)

    (sent,) = receiver.wait()
    assert data(sent.fields) == {"LANGUAGE_ID": "en", "CLEAN": "1" if clean else "0"}
    assert auth(sent.fields) == ADDRESS | {"application_token"}


def test_payment_carries_no_application_token(alpha: Client, receiver: Receiver) -> None:
    alpha.result("event.bind", event="ONAPPPAYMENT", handler=receiver.url())
    alpha.emulator.control.payment("alpha", paid=False, status="S", days=-3)

    (sent,) = receiver.wait()
    assert set(data(sent.fields)) == {"CODE", "VERSION", "STATUS", "PAYMENT_EXPIRED", "DAYS", "LANGUAGE_ID"}
    assert sent.fields["data[PAYMENT_EXPIRED]"] == "Y"
    assert auth(sent.fields) == ADDRESS


def test_event_test_echoes(alpha: Client, receiver: Receiver) -> None:
    alpha.result("event.bind", event="ONAPPTEST", handler=receiver.url())
    assert alpha.result("event.test", PRIYA, answer="42") == 1

    (sent,) = receiver.wait()
    assert sent.fields["data[QUERY][ANSWER]"] == "42"
    assert sent.fields["auth[user_id]"] == str(PRIYA)


def test_events_can_be_lost_doubled_and_held(alpha: Client, receiver: Receiver) -> None:
    control = alpha.emulator.control
    alpha.result("event.bind", event="ONAPPTEST", handler=receiver.url())
    control.events("alpha", lost=True)
    alpha.result("event.test", n="lost")
    control.events("alpha", lost=False, held=True)
    alpha.result("event.test", n="held")
    control.events("alpha", held=False)
    receiver.wait(1)
    control.events("alpha", doubled=True)
    alpha.result("event.test", n="doubled")

    numbers = [sent.fields["data[QUERY][N]"] for sent in receiver.wait(3)]
    assert numbers == ["held", "doubled", "doubled"]


def test_a_deaf_handler_is_not_asked_again(alpha: Client) -> None:
    alpha.result("event.bind", event="ONAPPTEST", handler="http://127.0.0.1:1/events/")
    alpha.result("event.test")
    alpha.emulator.control.events("alpha", delay_ms=0)
    with Receiver() as later:
        alpha.result("event.bind", event="ONAPPTEST", handler=later.url())
        alpha.result("event.test")
        later.wait()
    records = alpha.emulator.control.requests("event_out")

    assert [record["status"] for record in records if ":1/" in record["path"]] == [0, 0]
