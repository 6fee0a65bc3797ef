"""The POST that opens a page: both generations, and hostile ones."""

import json
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.bitrix24.payloads import DialogId, DialogKind, OpenRequest, PayloadError
from portals.bitrix24.placements import MessengerPlacement
from portals.bitrix24.rest import RestClient
from tests.portals.bitrix24.conftest import EMPLOYEE
from tests.support.emulator import Emulator

QUERY = {"DOMAIN": "acme.bitrix24.com", "PROTOCOL": "1", "LANG": "en", "APP_SID": "0f" * 16}
OLD_BODY = {
    "AUTH_ID": "access-of-viewer",
    "AUTH_EXPIRES": "3600",
    "REFRESH_ID": "refresh-of-viewer",
    "member_id": "0123456789abcdef" * 2,
    "status": "F",
    "PLACEMENT": "IM_SIDEBAR",
    "PLACEMENT_OPTIONS": '{"dialogId":"chat321","URI":"/online/?IM_DIALOG=chat321"}',
}
NEW_BODY = OLD_BODY | {
    "SERVER_ENDPOINT": "https://oauth.bitrix.info/rest/",
    "APPLICATION_TOKEN": "shared-secret",
    "APPLICATION_SCOPE": "im,placement",
}


def reason(query: dict[str, str], body: dict[str, str]) -> str:
    with pytest.raises(PayloadError) as caught:
        OpenRequest.parse(query, body)
    return caught.value.reason


def test_an_open_of_a_new_portal():
    request = OpenRequest.parse(QUERY, NEW_BODY)
    assert request == OpenRequest(
        domain="acme.bitrix24.com",
        protocol="https",
        lang="en",
        app_sid="0f" * 16,
        access_token="access-of-viewer",
        refresh_token="refresh-of-viewer",
        expires_in=3600,
        member_id="0123456789abcdef" * 2,
        licence_status="F",
        placement="IM_SIDEBAR",
        options={"dialogId": "chat321", "URI": "/online/?IM_DIALOG=chat321"},
        application_token="shared-secret",
        application_scope=frozenset({"im", "placement"}),
        server_endpoint="https://oauth.bitrix.info/rest/",
    )
    assert request.dialog_id == DialogId(DialogKind.CHAT, 321)


def test_an_open_of_an_old_portal():
    request = OpenRequest.parse(QUERY, OLD_BODY)
    assert request.application_token is None
    assert request.application_scope == frozenset()
    assert request.server_endpoint is None


@pytest.mark.parametrize("body", [{"AUTH_ID": "", "REFRESH_ID": "", "AUTH_EXPIRES": ""}, {}])
def test_a_portal_without_rest_posts_no_tokens(body):
    rest = {name: value for name, value in OLD_BODY.items() if not name.startswith(("AUTH", "REFRESH"))}
    request = OpenRequest.parse(QUERY, rest | body)
    assert (request.access_token, request.refresh_token, request.expires_in) == (None, None, None)


def test_the_application_page_has_no_options():
    body = {name: value for name, value in OLD_BODY.items() if not name.startswith("PLACEMENT")}
    request = OpenRequest.parse(QUERY, body)
    assert (request.placement, dict(request.options)) == ("DEFAULT", {})
    with pytest.raises(PayloadError, match="dialog_id_missing"):
        _ = request.dialog_id


def test_secrets_do_not_show():
    shown = repr(OpenRequest.parse(QUERY, NEW_BODY))
    for secret in ("access-of-viewer", "refresh-of-viewer", "shared-secret"):
        assert secret not in shown


def test_tokens_in_the_query_string_do_not_count():
    body = {name: value for name, value in OLD_BODY.items() if name != "AUTH_ID"}
    assert OpenRequest.parse(QUERY | {"AUTH_ID": "from-url"}, body).access_token is None


def test_values_are_normalised():
    query = QUERY | {"DOMAIN": "Acme.Bitrix24.com:443", "LANG": "EN", "PROTOCOL": "0"}
    body = OLD_BODY | {"member_id": "ABCDEF0123456789" * 2, "status": "f", "PLACEMENT_OPTIONS": "[]"}
    request = OpenRequest.parse(query, body)
    assert (request.domain, request.lang, request.protocol) == ("acme.bitrix24.com", "en", "http")
    assert (request.member_id, request.licence_status) == ("abcdef0123456789" * 2, "F")
    assert dict(request.options) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"member_id": ""}, "member_id_missing"),
        ({"member_id": "0123cdef"}, "member_id_invalid"),
        ({"member_id": "z" * 32}, "member_id_invalid"),
        ({"member_id": "٣" * 32}, "member_id_invalid"),
        ({"member_id": "a" * 300}, "value_too_long"),
        ({"member_id": "a\x00"}, "control_characters"),
        ({"member_id": "a\ud800"}, "control_characters"),
        ({"member_id": 7}, "value_not_text"),
        ({"AUTH_ID": "x" * 513}, "value_too_long"),
        ({"AUTH_ID": "two words"}, "token_invalid"),
        ({"AUTH_ID": "päss"}, "token_invalid"),
        ({"PLACEMENT": "im-sidebar"}, "placement_invalid"),
        ({"PLACEMENT_OPTIONS": "{"}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": "null"}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '"chat1"'}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '["chat1"]'}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '{"a": NaN}'}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '{"a": "\\ud800"}'}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '{"a": "\\u0000"}'}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": "[" * 10_000}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '{"a":' + "9" * 5000 + "}"}, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": '"' + "x" * 20_000 + '"'}, "value_too_long"),
        ({"SERVER_ENDPOINT": "oauth.bitrix.info"}, "server_endpoint_invalid"),
    ],
)
def test_a_bad_body_has_a_reason(change, expected):
    assert reason(QUERY, NEW_BODY | change) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"DOMAIN": ""}, "domain_missing"),
        ({"DOMAIN": "acme.bitrix24.com/x"}, "domain_invalid"),
        ({"DOMAIN": "a b"}, "domain_invalid"),
        ({"DOMAIN": "*.evil.example.com"}, "domain_invalid"),
        ({"LANG": "en'><script>"}, "lang_invalid"),
        ({"APP_SID": "|"}, "app_sid_invalid"),
    ],
)
def test_a_bad_query_has_a_reason(change, expected):
    assert reason(QUERY | change, NEW_BODY) == expected


def test_missing_member_id_and_missing_everything():
    assert reason(QUERY, {}) == "member_id_missing"
    assert reason({}, {}) == "member_id_missing"


@pytest.mark.parametrize(
    ("text", "canonical", "kind"),
    [
        ("chat321", "chat321", DialogKind.CHAT),
        ("CHAT0321", "chat321", DialogKind.CHAT),
        ("7", "7", DialogKind.USER),
        ("sg15", "sg15", DialogKind.WORKGROUP),
        ("crm9", "crm9", DialogKind.CRM),
        (12, "12", DialogKind.USER),
    ],
)
def test_dialog_ids_have_one_form(text, canonical, kind):
    dialog = DialogId.parse(text)
    assert (str(dialog), dialog.kind) == (canonical, kind)


@pytest.mark.parametrize(
    "value",
    ["chat", "0", "chat0", "-1", "chat1 ", " 1", "chat1\n", "chat٣", "user7", "$result[me][ID]", "chat1,2", "1e3",
     "9" * 19, "chat" + "1" * 5000, True, 1.0, [], {}, ["chat1"], -3],
)  # fmt: skip
def test_other_dialog_ids_are_refused(value):
    with pytest.raises(PayloadError, match="dialog_id_invalid"):
        DialogId.parse(value)


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_dialog_id_says_so(value):
    with pytest.raises(PayloadError, match="dialog_id_missing"):
        DialogId.parse(value)


@pytest.mark.parametrize("generation", ["new", "old"])
def test_what_a_portal_posts_is_read(installed: Emulator, client: RestClient, generation):
    widget = MessengerPlacement("IM_SIDEBAR", "http://127.0.0.1:8000/w/", "Notes", icon_name="fa-book")
    client.call(*widget.bind())
    form = installed.control.open("alpha", EMPLOYEE, "chat22", generation=generation)
    request = OpenRequest.parse(dict(parse_qsl(urlsplit(form["url"]).query)), form["fields"])
    portal = installed.portals["alpha"]
    assert (request.domain, request.member_id) == (portal.domain, portal.member_id)
    assert (request.protocol, request.placement, str(request.dialog_id)) == ("http", "IM_SIDEBAR", "chat22")
    assert (request.application_token is None) is (generation == "old")


names = st.sampled_from([*QUERY, *NEW_BODY])
values = st.text(max_size=60) | st.sampled_from([*QUERY.values(), *NEW_BODY.values()])
json_texts = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(json.dumps)


@given(st.dictionaries(names, values), st.dictionaries(names, values), json_texts)
def test_nothing_but_payload_errors(query, body, options):
    for fields in (body, NEW_BODY | body, NEW_BODY | {"PLACEMENT_OPTIONS": options}):
        with suppress(PayloadError):
            str(OpenRequest.parse(QUERY | query, fields).dialog_id).encode()


@given(st.from_regex(r"(?i)\A(chat|sg|crm)?[0-9]{1,18}\Z"))
def test_a_canonical_dialog_id_reads_as_itself(text):
    if int(text.lower().lstrip("chatsgrm")) == 0:
        return
    canonical = str(DialogId.parse(text))
    assert str(DialogId.parse(canonical)) == canonical == canonical.lower()
