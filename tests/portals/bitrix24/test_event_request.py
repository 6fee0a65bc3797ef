"""The POST of an event."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.bitrix24.payloads import EventRequest, PayloadError

INSTALL = {
    "event": "ONAPPINSTALL",
    "event_handler_id": "12",
    "ts": "1790000000",
    "data[VERSION]": "3",
    "data[ACTIVE]": "Y",
    "data[LANGUAGE_ID]": "en",
    "auth[access_token]": "secret-access",
    "auth[refresh_token]": "secret-refresh",
    "auth[expires]": "1790003600",
    "auth[expires_in]": "3600",
    "auth[scope]": "im,placement disk",
    "auth[domain]": "Acme.bitrix24.com",
    "auth[status]": "F",
    "auth[user_id]": "7",
    "auth[client_endpoint]": "https://acme.bitrix24.com/rest/",
    "auth[server_endpoint]": "https://oauth.bitrix.info/rest/",
    "auth[member_id]": "0123456789ABCDEF" * 2,
    "auth[application_token]": "secret-application",
}
UNINSTALL = {
    name: value
    for name, value in INSTALL.items()
    if name not in {"auth[access_token]", "auth[refresh_token]", "auth[expires]", "auth[expires_in]",
                    "auth[user_id]", "auth[scope]", "auth[status]"}
} | {"event": "ONAPPUNINSTALL", "data[CLEAN]": "1"}  # fmt: skip


def test_an_install_event_is_read():
    request = EventRequest.parse(INSTALL)
    assert (request.event, request.event_handler_id, request.ts) == ("ONAPPINSTALL", 12, 1790000000)
    assert dict(request.data) == {"VERSION": "3", "ACTIVE": "Y", "LANGUAGE_ID": "en"}
    auth = request.auth
    assert (auth.member_id, auth.domain) == ("0123456789abcdef" * 2, "acme.bitrix24.com")
    assert (auth.access_token, auth.refresh_token) == ("secret-access", "secret-refresh")
    assert auth.application_token == "secret-application"
    assert (auth.expires, auth.expires_in, auth.user_id, auth.licence_status) == (1790003600, 3600, 7, "F")
    assert auth.scope == {"im", "placement", "disk"}
    assert auth.client_endpoint == "https://acme.bitrix24.com/rest/"


def test_an_uninstall_event_has_no_tokens():
    request = EventRequest.parse(UNINSTALL)
    assert (request.auth.access_token, request.auth.refresh_token, request.auth.user_id) == (None, None, None)
    assert request.auth.application_token == "secret-application"
    assert request.data["CLEAN"] == "1"


def test_secrets_do_not_show():
    assert "secret" not in repr(EventRequest.parse(INSTALL))


def test_nested_data_and_lists():
    fields = INSTALL | {"data[A][B][C]": "1", "data[A][B][D]": "2", "data[L][0]": "x", "data[M][]": "y"}
    data = EventRequest.parse(fields).data
    assert data["A"] == {"B": {"C": "1", "D": "2"}}
    assert (data["L"], data["M"]) == ({"0": "x"}, {"0": "y"})


def test_the_event_code_is_upper_case():
    assert EventRequest.parse(INSTALL | {"event": "onAppInstall"}).event == "ONAPPINSTALL"


@pytest.mark.parametrize("ts", ["", "soon", "1.5", "9" * 30])
def test_an_unreadable_time_is_none(ts):
    assert EventRequest.parse(INSTALL | {"ts": ts}).ts is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"event": ""}, "event_missing"),
        ({"event": "ON APP"}, "event_invalid"),
        ({"auth[member_id]": ""}, "member_id_missing"),
        ({"auth[member_id]": "x"}, "member_id_invalid"),
        ({"auth[member_id][x]": "1"}, "fields_conflict"),
        ({"auth": "x"}, "fields_conflict"),
        ({"auth[domain]": "a/b"}, "domain_invalid"),
        ({"auth[client_endpoint]": "file:///etc/passwd"}, "endpoint_invalid"),
        ({"auth[access_token]": "a b"}, "token_invalid"),
        ({"data[A]" + "[x]" * 6: "1"}, "too_deep"),
        ({"data[A": "1"}, "key_invalid"),
        ({"data]A[": "1"}, "key_invalid"),
        ({"data[[A]]": "1"}, "key_invalid"),
        ({"data[A]x": "1"}, "key_invalid"),
        ({"data[" + "x" * 600 + "]": "1"}, "value_too_long"),
        ({"data[\x00]": "1"}, "control_characters"),
        ({"data[A]": "\x00"}, "control_characters"),
        ({"data[A]": "x" * 5000}, "value_too_long"),
        ({f"data[{number}]": "1" for number in range(300)}, "too_many_fields"),
    ],
)
def test_a_bad_event_has_a_reason(change, expected):
    with pytest.raises(PayloadError) as caught:
        EventRequest.parse(INSTALL | change)
    assert caught.value.reason == expected


def test_no_fields_at_all():
    with pytest.raises(PayloadError, match="event_missing"):
        EventRequest.parse({})


keys = (
    st.text(max_size=20)
    | st.sampled_from(list(INSTALL))
    | st.from_regex(r"\A(data|auth)(\[[a-z\]\[]{0,4}\]){0,8}\Z")
)


@given(st.dictionaries(keys, st.text(max_size=30)))
def test_nothing_but_payload_errors(fields):
    for form in (fields, INSTALL | fields):
        with suppress(PayloadError):
            EventRequest.parse(form)
