"""REST calls and batches, over HTTP."""

import dataclasses
from collections.abc import Callable, Sequence

import pytest

from portals.bitrix24.errors import (
    AccessDenied,
    BadAnswer,
    Bitrix24Error,
    CommandNotRun,
    DeadlineExceeded,
    Misconfigured,
    NotInstalled,
    PortalGone,
    PortalMoved,
    RateLimited,
    RequestRefused,
    ServerTrouble,
    TimeBudgetSpent,
    TokenDead,
    TokenExpired,
    Unpaid,
    UserInactive,
)
from portals.bitrix24.payloads import Dialog, PortalAppInfo, Profile
from portals.bitrix24.rest import Command, RestClient, php_pairs
from portals.bitrix24.transport import CallRecord, Transport
from tests.portals.bitrix24.conftest import ADMIN, EMPLOYEE, client_of
from tests.support.emulator import Emulator


def test_a_call_returns_its_result(client: RestClient):
    profile = Profile.parse(client.call("profile"))
    assert (profile.user_id, profile.admin) == (ADMIN, True)


def test_the_token_is_in_the_body(installed: Emulator, client: RestClient):
    client.call("profile")
    (sent,) = installed.control.requests("rest")
    assert (sent["http"], sent["path"], sent["params"]) == (
        "POST",
        "/rest/profile",
        {"auth": client.access_token},
    )
    assert client.access_token not in repr(client)


def test_a_batch_is_one_request(installed: Emulator, client: RestClient):
    found = client.batch(
        {
            "app": ("app.info", {}),
            "me": ("profile", {}),
            "chat": ("im.dialog.get", {"DIALOG_ID": "chat22"}),
            "missing": ("im.dialog.get", {"DIALOG_ID": "chat999999"}),
            "users": ("im.dialog.users.list", {"DIALOG_ID": "chat$result[chat][id]"}),
        }
    )
    assert PortalAppInfo.parse(found["app"]).code == "vendor.chat_notebook"
    assert Profile.parse(found["me"]).user_id == ADMIN
    assert Dialog.parse(found["chat"]).chat_id == 22
    assert isinstance(found["users"], list)
    assert set(found.errors) == {"missing"}
    with pytest.raises(AccessDenied) as caught:
        _ = found["missing"]
    assert caught.value.code == "access_error"
    assert [sent["method"] for sent in installed.control.requests("rest")] == ["batch"]


def test_a_batch_of_failures_alone(client: RestClient):
    found = client.batch({"a": ("no.such.method", {}), "b": ("im.dialog.get", {})})
    assert dict(found.results) == {}
    assert {key: type(error) for key, error in found.errors.items()} == {
        "a": RequestRefused,
        "b": AccessDenied,
    }


def test_a_halted_batch_does_not_run_the_rest(client: RestClient):
    found = client.batch({"a": ("profile", {}), "b": ("no.such", {}), "c": ("profile", {})}, halt=True)
    assert found["a"]
    with pytest.raises(RequestRefused):
        _ = found["b"]
    with pytest.raises(CommandNotRun):
        _ = found["c"]


def test_fifty_commands_fit(client: RestClient):
    found = client.batch({f"c{number}": ("profile", {}) for number in range(50)})
    assert len(found.results) == 50


@pytest.mark.parametrize(
    "commands",
    [
        {},
        {f"c{number}": ("profile", {}) for number in range(51)},
        {"0": ("profile", {})},
        {"a b": ("profile", {})},
        {"a": ("batch", {})},
        {"a": ("profile?x=1", {})},
    ],
)
def test_a_batch_bitrix24_would_refuse_is_not_sent(installed: Emulator, client: RestClient, commands):
    with pytest.raises(ValueError, match="batch"):
        client.batch(commands)
    assert installed.control.requests("rest") == []


@pytest.mark.parametrize("method", ["", "../oauth", "profile/", "a b", "profile?auth=x", "a..b"])
def test_a_method_is_a_name(client: RestClient, method):
    with pytest.raises(ValueError, match="method"):
        client.call(method)


def test_nested_parameters_arrive_as_they_were(installed: Emulator, client: RestClient):
    params = {"A": {"B": ["x", {"C": "ü &=%[]"}]}, "T": True, "F": False, "N": None, "I": 7, "E": ""}
    client.call("profile", params)
    client.batch({"me": ("profile", params)})
    call, batch = installed.control.requests("rest")
    expected = {"A": {"B": {"0": "x", "1": {"C": "ü &=%[]"}}}, "T": "1", "F": "0", "I": "7", "E": ""}
    assert call["params"] == expected | {"auth": client.access_token}
    assert batch["params"]["halt"] == "0"
    assert batch["params"]["cmd"]["me"].startswith("profile?A%5BB%5D%5B0%5D=x&A%5BB%5D%5B1%5D%5BC%5D=%C3%BC+")


def test_what_no_form_can_carry_is_a_type_error():
    with pytest.raises(TypeError, match="object"):
        php_pairs({"a": object()})


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("500", ServerTrouble),
        ("html", ServerTrouble),
        ("garbage", BadAnswer),
        ("query_limit", RateLimited),
        ("overload_limit", Misconfigured),
        ("operation_time_limit", TimeBudgetSpent),
        ("portal404", PortalGone),
        ("portal_deleted", PortalGone),
        ("unpaid", Unpaid),
        ("not_installed", NotInstalled),
        ("connection_error", ServerTrouble),
        ("access_denied", AccessDenied),
        ("huge", BadAnswer),
    ],
)
def test_each_fault_of_a_portal_has_its_cause(
    installed: Emulator, client: RestClient, records: list[CallRecord], fault, cause
):
    installed.control.fault("alpha", fault)
    with pytest.raises(Bitrix24Error) as caught:
        client.batch({"me": ("profile", {})})
    assert type(caught.value) is cause
    (record,) = records
    assert (record.method, record.error_code) == ("batch", caught.value.code)
    assert record.http_status == caught.value.http_status
    installed.control.fault("alpha")
    assert client.call("profile")


def test_a_slow_portal_is_left_at_the_deadline(installed: Emulator, client: RestClient):
    installed.control.fault("alpha", delay_ms=3000)
    with pytest.raises(DeadlineExceeded):
        client.call("profile", deadline=0.3)


def test_a_dripping_portal_is_left_at_the_deadline(
    installed: Emulator, client: RestClient, records: list[CallRecord]
):
    installed.control.fault("alpha", "drip")
    with pytest.raises(DeadlineExceeded):
        client.call("profile", deadline=1.2)
    assert 1.0 < records[0].duration < 2.0


def _expire(emulator: Emulator) -> None:
    emulator.control.advance(3601)


def _revoke(emulator: Emulator) -> None:
    emulator.control.revoke("alpha", access=True)


def _uninstall(emulator: Emulator) -> None:
    emulator.control.uninstall("alpha")


@pytest.mark.parametrize(
    ("happening", "causes"),
    [(_expire, TokenExpired), (_revoke, TokenDead), (_uninstall, (NotInstalled, TokenDead))],
)
def test_the_end_of_a_token(
    installed: Emulator,
    client: RestClient,
    happening: Callable[[Emulator], None],
    causes: type[Bitrix24Error] | tuple[type[Bitrix24Error], ...],
):
    happening(installed)
    with pytest.raises(causes):
        client.call("profile")


def test_a_token_of_another_portal(installed: Emulator, client: RestClient):
    elsewhere = dataclasses.replace(client, client_endpoint=installed.portals["beta"].client_endpoint)
    with pytest.raises(TokenDead):
        elsewhere.call("profile")


def test_a_dismissed_user(installed: Emulator, transport: Transport):
    client = client_of(installed, transport, EMPLOYEE)
    installed.control.change_user("alpha", EMPLOYEE, kind="dismissed")
    with pytest.raises(UserInactive):
        client.call("profile")


def test_an_outsider_cannot_read_a_chat(installed: Emulator, transport: Transport):
    chats = installed.control.portal("alpha")["chats"].values()
    closed = next(chat for chat in chats if chat["message_type"] == "C" and EMPLOYEE not in chat["members"])
    with pytest.raises(AccessDenied):
        client_of(installed, transport, EMPLOYEE).call("im.dialog.get", {"DIALOG_ID": f"chat{closed['id']}"})


def test_a_private_chat_has_one_number_for_both_sides(installed: Emulator, transport: Transport):
    chat_ids = {
        Dialog.parse(
            client_of(installed, transport, viewer).call("im.dialog.get", {"DIALOG_ID": str(other)})
        ).chat_id
        for viewer, other in ((3, 4), (4, 3))
    }
    assert len(chat_ids) == 1


def test_a_renamed_portal_names_its_new_host_and_gets_nothing_there(installed: Emulator, client: RestClient):
    moved = installed.control.rename("alpha", installed.spare_ports[0])
    installed.control.forget_requests()
    with pytest.raises(PortalMoved) as caught:
        client.call("profile")
    assert f"http://{caught.value.new_host}" == moved["url"]
    assert installed.control.requests("rest") == []


def test_a_full_bucket_is_a_rate_limit(installed: Emulator, client: RestClient):
    installed.control.bucket("alpha", x=3, y=0.001, enabled=True)
    outcomes = []
    for _ in range(6):
        try:
            outcomes.append(bool(client.call("profile")))
        except RateLimited:
            outcomes.append(False)
    assert True in outcomes
    assert outcomes[-1] is False


class Barred:
    """A gate that knows methods whose time is spent."""

    def __init__(self, *methods: str) -> None:
        self.barred = set(methods)
        self.asked: list[Sequence[str]] = []

    def admit(self, methods: Sequence[str]) -> None:
        self.asked.append(methods)
        if self.barred & set(methods):
            raise TimeBudgetSpent(retry_after=30)

    def refused(self, methods: Sequence[str], error: Exception) -> bool:
        return False


def test_optional_commands_are_left_out_while_their_time_is_spent(installed: Emulator) -> None:
    token = installed.control.tokens("alpha", 1)["access_token"]
    commands: dict[str, Command] = {"profile": ("profile", {})}
    optional: dict[str, Command] = {"app": ("app.info", {})}
    transport = Transport(trusted_networks=["127.0.0.0/8"])

    def ask(gate: Barred) -> set[str]:
        client = RestClient(installed.portals["alpha"].client_endpoint, token, transport, gate)
        return set(client.batch(commands, optional=optional).results)

    assert ask(Barred()) == {"profile", "app"}
    assert ask(Barred("app.info")) == {"profile"}
    with pytest.raises(TimeBudgetSpent):
        ask(Barred("profile"))
    with pytest.raises(TimeBudgetSpent):
        ask(Barred("batch"))
