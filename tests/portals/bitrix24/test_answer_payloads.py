"""Answers of the authorization server and of portals, with PHP's liberties."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.bitrix24.errors import BadAnswer, Bitrix24Error, Disposition, UserInactive
from portals.bitrix24.payloads import AppInfo, Dialog, PortalAppInfo, Profile, TokenPair

MEMBER = "0123456789abcdef" * 2
PAIR = {
    "access_token": "secret-access",
    "refresh_token": "secret-refresh",
    "expires": 1790003600,
    "expires_in": 3600,
    "scope": "im,placement",
    "domain": "oauth.bitrix.info",
    "server_endpoint": "https://oauth.bitrix.info/rest/",
    "status": "F",
    "client_endpoint": "https://acme.bitrix24.com/rest/",
    "member_id": MEMBER,
    "user_id": 7,
}
APP = {
    "client_id": "app.5f0a.12",
    "scope": "im,placement",
    "expires": "2026-09-01T12:00:00+00:00",
    "install": {
        "installed": True,
        "version": 3,
        "status": "F",
        "scope": "im,placement",
        "domain": "acme.bitrix24.com",
        "uri": "https://acme.bitrix24.com",
        "client_endpoint": "https://acme.bitrix24.com/rest/",
        "member_id": MEMBER,
        "member_type": "…",
    },
    "user_id": 7,
}


def install(**fields: object) -> dict[str, object]:
    return APP | {"install": {**APP["install"], **fields}}  # type: ignore[dict-item]


def test_a_token_pair():
    pair = TokenPair.parse(PAIR)
    assert (pair.access_token, pair.refresh_token, pair.expires_in) == (
        "secret-access",
        "secret-refresh",
        3600,
    )
    assert pair.member_id == MEMBER
    assert "secret" not in repr(pair)


def test_a_token_pair_needs_nothing_but_what_it_is_used_for():
    needed = {"access_token", "refresh_token", "member_id"}
    pair = TokenPair.parse({k: v for k, v in PAIR.items() if k in needed})
    assert (pair.refresh_token, pair.member_id) == ("secret-refresh", MEMBER)


@pytest.mark.parametrize(
    ("said", "seconds"), [(None, 3600), ("", 3600), (0, 3600), (-5, 3600), ([], 3600), ("1800", 1800)]
)
def test_a_token_pair_without_a_lifetime_has_the_documented_one(said, seconds):
    assert TokenPair.parse(PAIR | {"expires_in": said}).expires_in == seconds


def test_a_token_never_lives_longer_than_a_day():
    assert TokenPair.parse(PAIR | {"expires_in": 10**9}).expires_in == 86400


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "member_id"])
@pytest.mark.parametrize("value", [None, False, "", [], {}, 0])
def test_a_token_pair_without_its_essentials_is_bad(name, value):
    with pytest.raises(BadAnswer) as caught:
        TokenPair.parse(PAIR | {name: value})
    assert caught.value.code == f"{name}_missing"


def test_app_info():
    info = AppInfo.parse(APP)
    assert (info.client_id, info.user_id, info.member_id) == ("app.5f0a.12", 7, MEMBER)
    assert (info.installed, info.version, info.licence_status) == (True, 3, "F")
    assert info.expires == datetime(2026, 9, 1, 12, tzinfo=UTC)
    assert (info.domain, info.client_endpoint) == ("acme.bitrix24.com", "https://acme.bitrix24.com/rest/")


@pytest.mark.parametrize(
    "expires", ["2026-09-01T14:00:00+02:00", "2026-09-01T12:00:00", "1788264000", 1788264000, 1788264000.0]
)
def test_app_info_tells_the_moment_in_any_spelling(expires):
    assert AppInfo.parse(APP | {"expires": expires}).expires == datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("expires", [None, "", "soon", 10**17, [], "2026-13-01"])
def test_app_info_without_an_end_is_bad(expires):
    with pytest.raises(BadAnswer, match="expires_missing"):
        AppInfo.parse(APP | {"expires": expires})


def test_the_domain_is_that_of_the_endpoint():
    info = AppInfo.parse(install(domain="other.example.com", client_endpoint="http://Intranet:8080/rest"))
    assert (info.domain, info.client_endpoint) == ("intranet:8080", "http://intranet:8080/rest/")


@pytest.mark.parametrize("installed", [True, 1, "1", "Y", "true"])
def test_installed_in_any_spelling(installed):
    assert AppInfo.parse(install(installed=installed)).installed is True


@pytest.mark.parametrize("installed", [False, 0, "0", "N", "", None, []])
def test_not_installed_needs_no_address(installed):
    info = AppInfo.parse(install(installed=installed, client_endpoint=""))
    assert (info.installed, info.client_endpoint, info.domain) == (False, "", "")


@pytest.mark.parametrize(
    "result", [None, [], False, "x", {}, APP | {"install": []}, APP | {"user_id": 0}, APP | {"client_id": ""},
               install(member_id="x"), install(client_endpoint="acme"), install(client_endpoint="https://a@b/"),
               install(client_endpoint="https://acme.bitrix24.com/rest/?x=1"),
               install(client_endpoint="https://acme.bitrix24.com/rest/#x")],
)  # fmt: skip
def test_app_info_without_its_proof_is_bad(result):
    with pytest.raises(BadAnswer):
        AppInfo.parse(result)


def test_the_portals_own_app_info():
    info = PortalAppInfo.parse(
        {"ID": 5, "CODE": "vendor.app", "VERSION": "3", "STATUS": "s", "INSTALLED": True, "PAYMENT_EXPIRED": "Y",
         "DAYS": -4, "LANGUAGE_ID": "en", "LICENSE": "en_ent250"}
    )  # fmt: skip
    assert (info.code, info.version, info.licence_status, info.installed) == ("vendor.app", 3, "S", True)
    assert (info.payment_expired, info.days, info.licence) == (True, -4, "en_ent250")
    with pytest.raises(BadAnswer):
        PortalAppInfo.parse({"SCOPE": ["im"], "LICENSE": "x"})


def test_profiles():
    profile = Profile.parse(
        {"ID": "7", "ADMIN": True, "NAME": "Ann", "LAST_NAME": "Lee\x00", "TIME_ZONE": False}
    )
    assert (profile.user_id, profile.admin, profile.name) == (7, True, "Ann")
    assert (profile.last_name, profile.time_zone) == ("Lee", "")
    assert Profile.parse({"ID": 7, "ADMIN": "N"}).admin is False
    with pytest.raises(BadAnswer):
        Profile.parse({"NAME": "Ann"})


@pytest.mark.parametrize("empty", [[], {}, None, False])
def test_an_empty_profile_is_a_dismissed_user(empty):
    with pytest.raises(UserInactive) as caught:
        Profile.parse(empty)
    assert caught.value.disposition is Disposition.TOKEN_DEAD


def test_dialogs():
    full = {"id": 321, "name": "Release", "owner": "7", "extranet": False, "type": "chat", "message_type": "c",
            "role": "MEMBER", "user_counter": 4, "entity_type": "CRM", "entity_id": "DEAL|15"}  # fmt: skip
    dialog = Dialog.parse(full)
    assert (dialog.chat_id, dialog.name, dialog.owner, dialog.extranet) == (321, "Release", 7, False)
    assert (dialog.message_type, dialog.role, dialog.takes_part) == ("C", "member", True)
    assert (dialog.entity_type, dialog.entity_id, dialog.user_counter) == ("CRM", "DEAL|15", 4)


def test_a_dialog_of_an_old_portal():
    dialog = Dialog.parse({"id": "321", "entity_type": False})
    assert (dialog.chat_id, dialog.role, dialog.entity_type, dialog.takes_part) == (321, "", "", False)
    assert dialog.extranet is False


@pytest.mark.parametrize(("role", "takes_part"), [("owner", True), ("manager", True), ("guest", False)])
def test_who_takes_part(role, takes_part):
    assert Dialog.parse({"id": 1, "role": role}).takes_part is takes_part


@pytest.mark.parametrize("value", [None, [], {"id": 0}, {"id": "x"}, {"id": True}, {"id": -1}, {"name": "x"}])
def test_a_dialog_without_its_number_is_bad(value):
    with pytest.raises(BadAnswer):
        Dialog.parse(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from(
    [*PAIR, *APP, "install", "ID", "ADMIN", "id", "CODE", "owner", "role", "expires", "entity_id"]
)


@given(json_values | st.dictionaries(field_names, json_values), st.dictionaries(field_names, json_values))
def test_nothing_but_the_family_is_raised(result, install_fields):
    for parse in (AppInfo.parse, PortalAppInfo.parse, Profile.parse, Dialog.parse):
        for value in (result, install(**install_fields)):
            with suppress(Bitrix24Error):
                parse(value)
    with suppress(BadAnswer):
        TokenPair.parse(PAIR | install_fields)
