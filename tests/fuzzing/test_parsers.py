"""Every parser takes anything, and answers with a value or with the errors that it promises."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portals.bitrix24.addresses import parse_domain, parse_url
from portals.bitrix24.answers import read_answer
from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.handlers import rows
from portals.bitrix24.payloads import (
    AppInfo,
    Dialog,
    DialogId,
    EventRequest,
    ImUser,
    OpenRequest,
    PayloadError,
    PortalAppInfo,
    Profile,
    TokenPair,
)
from portals.bitrix24.payloads import fields as readers
from portals.bitrix24.rest import BatchResult
from portals.lifecycle.bindings import COMMANDS, present
from portals.lifecycle.placements import SidebarSettings
from portals.lifecycle.settings_page import InvalidSettings, read_settings
from tests.fuzzing.cases import counted, fuzzed
from tests.fuzzing.strategies import AWKWARD, json_values, mutated, scalars, texts
from widget.access import portal
from widget.notebook import checklists, markdown
from widget.notebook.difference import difference

MEMBER = "0123456789abcdef" * 2
QUERY = {"DOMAIN": "acme.example:8443", "PROTOCOL": "1", "LANG": "en", "APP_SID": "a1"}
BODY = {
    "AUTH_ID": "a" * 70, "REFRESH_ID": "r" * 70, "AUTH_EXPIRES": "3600", "member_id": MEMBER, "status": "L",
    "PLACEMENT": "IM_SIDEBAR", "PLACEMENT_OPTIONS": '{"dialogId": "chat22"}', "APPLICATION_TOKEN": "e" * 32,
    "APPLICATION_SCOPE": "im,placement", "SERVER_ENDPOINT": "https://oauth.example/rest/",
}  # fmt: skip
EVENT = {
    "event": "ONAPPINSTALL", "event_handler_id": "1", "ts": "1790000000", "data[VERSION]": "1", "data[a][b][]": "x",
    "auth[member_id]": MEMBER, "auth[domain]": "acme.example", "auth[access_token]": "a", "auth[expires]": "9",
    "auth[client_endpoint]": "https://acme.example/rest/", "auth[application_token]": "e", "auth[scope]": "im",
}  # fmt: skip
ANSWERS: list[tuple[Any, dict[str, Any]]] = [
    (TokenPair.parse, {"access_token": "a", "refresh_token": "r", "expires_in": 3600, "member_id": MEMBER,
                       "client_endpoint": "https://a.example/rest/", "user_id": 1, "scope": "im", "status": "L"}),
    (AppInfo.parse, {"client_id": "app.1", "user_id": 1, "expires": "2026-01-01T00:00:00+00:00", "scope": ["im"],
                     "install": {"member_id": MEMBER, "installed": True, "client_endpoint": "https://a.example/rest/"}}),
    (PortalAppInfo.parse, {"CODE": "a.b", "VERSION": 1, "STATUS": "L", "DAYS": None, "LICENSE": "en_ent"}),
    (Profile.parse, {"ID": "1", "ADMIN": True, "NAME": "A", "LAST_NAME": "B", "TIME_ZONE": ""}),
    (Dialog.parse, {"id": 1, "name": "n", "role": "owner", "message_type": "C", "extranet": False, "owner": 1}),
    (ImUser.parse, {"id": 1, "extranet": False, "bot": False}),
]  # fmt: skip
SETTINGS = {"context": ["CHAT"], "role": "USER", "extranet": False, "color": "GREEN", "title": "Notes"}


def expect(holds: bool) -> None:
    assert holds


@fuzzed("open")
@given(mutated(QUERY, texts), mutated(BODY, texts))
def test_opens(query: dict[str, str], body: dict[str, str]) -> None:
    with counted("open"):
        try:
            opened = OpenRequest.parse(query, body)
            str(opened.dialog_id).encode()
        except PayloadError as error:
            expect(error.reason.isascii())


@fuzzed("event")
@given(mutated(EVENT, texts))
def test_events(fields: dict[str, str]) -> None:
    with counted("event"):
        try:
            event = EventRequest.parse(fields)
        except PayloadError as error:
            expect(error.reason.isascii())
        else:
            json.dumps(dict(event.data)).encode()


@fuzzed("dialog id")
@given(scalars)
def test_dialog_ids(value: object) -> None:
    with counted("dialog id"):
        try:
            found = DialogId.parse(value)
        except PayloadError:
            return_value = None
        else:
            return_value = DialogId.parse(str(found))
            assert str(found).isascii()
        assert return_value is None or return_value == found


@fuzzed("address")
@given(
    st.sampled_from(["", "https://", "http://", "http\u017f://", "//"]),
    texts,
    st.sampled_from(["", "/", ":443", "/a?b"]),
)
def test_addresses(head: str, host: str, tail: str) -> None:
    with counted("address"):
        for parse in (parse_url, parse_domain, readers.to_endpoint):
            try:
                assert str(parse(f"{head}{host}{tail}")).isascii()
            except ValueError:
                continue


@fuzzed("field")
@given(scalars | st.lists(scalars, max_size=3))
def test_fields(value: Any) -> None:
    with counted("field"):
        number = readers.to_int(value)
        assert number is None or abs(number) < 10**18
        readers.to_bool(value)
        readers.to_text(value).encode()
        assert all(item.isascii() for item in readers.to_scope(value))
        assert readers.to_licence_status(value) in {"", *readers.LICENCE_STATUSES}


@fuzzed("answer")
@given(
    st.sampled_from([200, 204, 301, 302, 308, 400, 401, 403, 404, 410, 418, 429, 500, 503]),
    st.dictionaries(st.sampled_from(["location", "retry-after", "content-type"]), texts, max_size=2),
    st.one_of(
        st.binary(max_size=60),
        mutated({"result": {}, "error": "x", "time": {"operating": 1, "operating_reset_at": 2}}, json_values),
    ),
)
def test_answers(status: int, headers: dict[str, str], content: Any) -> None:
    with counted("answer"):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            answer = read_answer(status, headers, data, host="acme.example")
        except Bitrix24Error as error:
            expect(0 < len(error.code) <= 64)
            expect(error.retry_after is None or 0 <= error.retry_after <= 3600)
        else:
            assert answer.operating is None or answer.operating >= 0


@fuzzed("answer payloads")
@given(st.sampled_from(ANSWERS), st.data())
def test_payloads_of_answers(kind: tuple[Any, dict[str, Any]], data: st.DataObject) -> None:
    with counted("answer payloads"):
        parse, valid = kind
        payload = data.draw(mutated(valid, json_values))
        if "install" in payload and isinstance(payload["install"], dict):
            payload["install"] = (
                data.draw(mutated(payload["install"], json_values)) if payload["install"] else {}
            )
        try:
            parse(payload if data.draw(st.booleans()) or parse == TokenPair.parse else data.draw(json_values))
        except Bitrix24Error as error:
            expect(0 < len(error.code) <= 64)


@fuzzed("bound handlers")
@given(st.dictionaries(st.sampled_from(sorted(COMMANDS)), json_values), json_values)
def test_bound_handlers(results: dict[str, object], rest: object) -> None:
    with counted("bound handlers"):
        complete = {key: [rest] for key in COMMANDS} | results
        try:
            present(BatchResult(complete, {}))
            list(rows(rest))
        except Bitrix24Error:
            pass


@fuzzed("members")
@given(json_values, json_values)
def test_members(listed: object, people: object) -> None:
    with counted("members"):
        answers = BatchResult({"members": listed, "people_0": [people], "people_1": people}, {})
        try:
            numbers, named = portal.numbers(answers), portal.named(answers)
        except Bitrix24Error:
            return
        assert all(isinstance(number, int) for number in numbers)
        assert all(number.isdecimal() and name for number, (name, _) in named.items())


@fuzzed("settings")
@given(mutated(SETTINGS, json_values))
def test_settings(sent: dict[str, Any]) -> None:
    with counted("settings"):
        try:
            stored = read_settings(sent).stored()
        except InvalidSettings as error:
            expect(set(error.fields) <= set(SETTINGS))
        else:
            assert SidebarSettings.of(stored).stored() == stored


MARKDOWN = st.lists(
    st.sampled_from([*AWKWARD, "\n", "\n\n", "  ", "- ", "> ", "1. ", "# ", "**", "_", "~~", "`", "[", "](", ")",
                     "<", "&#x41;", "|", "---", "https://a.example", "\t", "[ ] ", "[x] ", "\\", "<!--",
                     "javascript:"])
    | st.text(max_size=8),
    max_size=30,
).map("".join).filter(lambda text: "\ud800" not in text)  # fmt: skip


@fuzzed("markdown")
@given(MARKDOWN)
def test_markdown(text: str) -> None:
    with counted("markdown"):
        html = markdown.render(text).html.lower()
        for piece in (
            "<script",
            "<img",
            "<iframe",
            "<svg",
            "<style",
            'href="javascript',
            " onerror=",
            " onload=",
        ):
            assert piece not in html


@fuzzed("checklists")
@given(MARKDOWN, st.integers(0, 5), st.booleans())
def test_checklists(text: str, number: int, checked: bool) -> None:
    """A tick changes its box, and nothing else that a reader sees."""
    with counted("checklists"):
        before = markdown.render(text)
        try:
            ticked = markdown.tick(text, number, checked=checked)
        except checklists.NoSuchBox:
            assert number >= len(before.boxes)
        else:
            after = markdown.render(ticked)
            wanted = list(before.boxes)
            wanted[number] = checklists.Box(wanted[number].line, checked)
            assert list(after.boxes) == wanted
            assert len(ticked) == len(text)


@fuzzed("difference")
@given(MARKDOWN, MARKDOWN)
def test_differences(before: str, after: str) -> None:
    with counted("difference"):
        pieces = difference(before, after)
        assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after
        assert "".join(piece.text for piece in pieces if piece.kind == "removed") in before or before
