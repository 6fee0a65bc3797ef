"""The official Python SDK against the emulator: a client nobody here wrote."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from b24pysdk import BitrixApp, BitrixToken
from b24pysdk import Client as SdkClient
from b24pysdk.credentials import OAuthEventData, OAuthPlacementData
from b24pysdk.schemas.app import AppInfoBase
from b24pysdk.schemas.profile import Profile

from tests.emulator.client import HELENA, OPTIONS, WIDGET, Client
from tests.support.emulator import Emulator
from tests.support.receiver import Receiver

pytestmark = pytest.mark.usefixtures("sdk_wire")


def test_refresh(sdk_token: BitrixToken, alpha: Client) -> None:
    renewed = sdk_token.refresh_oauth_token()

    assert renewed.user_id == HELENA
    assert renewed.member_id == alpha.emulator.portals["alpha"].member_id
    assert renewed.scope == ["im", "placement", "user_brief", "disk"]
    assert renewed.oauth_token.expires_in == 3600
    assert renewed.oauth_token.refresh_token != sdk_token.refresh_token


def test_an_expired_token_is_renewed_by_itself(sdk_token: BitrixToken, alpha: Client) -> None:
    before = sdk_token.auth_token
    alpha.emulator.control.advance(3601)

    assert sdk_token.call_method("profile")["result"]["ID"] == "1"
    assert sdk_token.auth_token != before


def test_app_info_of_the_authorization_server(sdk_token: BitrixToken, alpha: Client) -> None:
    info = sdk_token.get_app_info().result

    assert info.client_id == alpha.emulator.client_id
    assert info.install.installed is True
    assert info.install.client_endpoint == alpha.endpoint
    assert info.user_id == HELENA


def test_schemas_read_our_answers(sdk_token: BitrixToken) -> None:
    profile = Profile.from_bitrix(sdk_token.call_method("profile")["result"])
    info = AppInfoBase.from_bitrix(sdk_token.call_method("app.info")["result"])

    assert (profile.bitrix_id, profile.admin, profile.name) == (HELENA, True, "Helena")
    assert (info.code, info.version, info.installed) == ("vendor.chat_notebook", 1, True)


def test_scoped_calls(sdk_token: BitrixToken) -> None:
    client = SdkClient(sdk_token)
    bound = client.placement.bind(
        "IM_SIDEBAR", WIDGET["HANDLER"], title="Notes", options=OPTIONS, lang_all={"de": {"TITLE": "Notizen"}}
    )

    assert bound.result is True
    assert client.placement.get().result[0]["langAll"]["de"]["TITLE"] == "Notizen"
    assert client.placement.unbind("IM_SIDEBAR", handler=WIDGET["HANDLER"]).result == {"count": 2}
    assert client.event.bind("ONAPPUPDATE", handler="http://127.0.0.1:8000/events/").result is True
    assert client.event.get().result[0]["event"] == "ONAPPUPDATE"
    assert client.user.current().result["ID"] == "1"
    assert client.im.dialog.get("chat22").result["id"] == 22


def test_batch_with_references(sdk_token: BitrixToken) -> None:
    answer = sdk_token.call_batch(
        {
            "deal": ("im.chat.get", {"ENTITY_TYPE": "CRM", "ENTITY_ID": "DEAL|15"}),
            "chat": ("im.dialog.get", {"DIALOG_ID": "chat$result[deal][ID]"}),
            "closed": ("im.dialog.get", {"DIALOG_ID": "chat23"}),
            "bind": ("placement.bind", WIDGET | {"OPTIONS": OPTIONS}),
        }
    )["result"]

    assert answer["result"]["chat"]["entity_id"] == "DEAL|15"
    assert answer["result_error"]["closed"]["error"] == "ACCESS_ERROR"
    assert answer["result"]["bind"] is True


def test_batch_of_a_sequence_and_halt(sdk_token: BitrixToken) -> None:
    assert sdk_token.call_batch([("profile", None), ("user.admin", None)])["result"]["result"][1] is True
    halted = sdk_token.call_batch({"a": ("no.method", None), "b": ("profile", None)}, halt=True)
    assert halted["result"]["result"] == []


def test_more_than_one_batch(sdk_token: BitrixToken) -> None:
    answer = sdk_token.call_batches({f"c{n}": ("user.admin", None) for n in range(120)})

    assert len(answer["result"]["result"]) == 120


@pytest.fixture
def crowd(alpha: Client) -> int:
    """Number of people `user.get` lists, more than two pages."""
    for number in range(110):
        alpha.emulator.control.add_user("alpha", name=f"Person {number}")
    return 119


def test_lists(sdk_token: BitrixToken, crowd: int) -> None:
    everyone = sdk_token.call_list("user.get")["result"]
    fast = list(sdk_token.call_list_fast("user.get")["result"])

    assert len(everyone) == len(fast) == crowd
    assert [user["ID"] for user in fast] == sorted((user["ID"] for user in everyone), key=int)
    assert len(sdk_token.call_list("user.get", limit=60)["result"]) == 60


@pytest.mark.parametrize("key", ["alpha", "beta"])
def test_the_sdk_reads_an_open(emulator: Emulator, sdk_app: BitrixApp, key: str) -> None:
    client = Client.installed(emulator, key)
    client.bind()
    form = emulator.control.open(key, 2, "chat22" if key == "beta" else "chat23")
    query = dict(parse_qsl(urlsplit(form["url"]).query))
    opened = OAuthPlacementData.from_dict(query | form["fields"])

    assert opened.placement == "IM_SIDEBAR"
    assert opened.placement_options is not None
    assert opened.validate_against_app_info(opened.get_app_info(sdk_app)) is True


def test_the_sdk_reads_events(alpha: Client, sdk_app: BitrixApp, receiver: Receiver) -> None:
    alpha.result("event.bind", event="ONAPPUPDATE", handler=receiver.url())
    alpha.result("event.bind", event="ONAPPUNINSTALL", handler=receiver.url())
    alpha.emulator.control.update("alpha", 2, installer=False)
    (sent,) = receiver.wait()
    update = OAuthEventData.from_dict(sent.fields)

    assert update.event == "ONAPPUPDATE"
    assert update.data == {"VERSION": "2", "PREVIOUS_VERSION": "1", "LANGUAGE_ID": "en"}
    assert update.auth.user_id == HELENA
    assert update.get_app_info(sdk_app).install.version == 2

    alpha.result("event.bind", event="ONAPPUNINSTALL", handler=receiver.url())
    alpha.emulator.control.uninstall("alpha")
    gone = OAuthEventData.from_dict(receiver.wait(2)[1].fields)
    assert gone.is_system
    assert gone.auth.member_id == alpha.emulator.portals["alpha"].member_id
