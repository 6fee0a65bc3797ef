"""From an HTTP answer to a result or an error."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.bitrix24.answers import Answer, read_answer
from portals.bitrix24.errors import (
    BadAnswer,
    Bitrix24Error,
    ClientRefused,
    PortalGone,
    PortalMoved,
    RateLimited,
    RequestRefused,
    ServerTrouble,
    TimeBudgetSpent,
    TokenExpired,
)

HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"
PORTAL_404 = b"<html><body class='portal404'></body></html>"


def read(status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_answer(status, headers or {}, content, host="acme.example.com")


@pytest.mark.parametrize("result", [True, False, None, [], {}, 0, "x", {"error": "inside"}])
def test_any_result_is_a_success(result):
    assert read(200, {"result": result, "time": {}}).body["result"] == result


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, {"error": "expired_token", "error_description": "…"}, TokenExpired),
        (200, {"error": "wrong_client"}, ClientRefused),
        (200, {"error": "INVALID_ERROR_COLOR", "error_description": "…"}, RequestRefused),
        (400, {"error": {"code": "INVALID_REQUEST", "message": "…", "validation": []}}, RequestRefused),
        (401, {"error": {"code": "expired_token"}}, TokenExpired),
        (400, {"error": 0}, RequestRefused),
        (400, {"error": ["?"]}, RequestRefused),
        (400, {"error": "", "error_description": "…"}, RequestRefused),
        (502, HTML, ServerTrouble),
        (503, HTML, ServerTrouble),
        (500, {}, ServerTrouble),
        (429, HTML, RateLimited),
        (404, HTML, PortalGone),
        (404, b"", PortalGone),
        (410, HTML, PortalGone),
        (403, PORTAL_404, PortalGone),
        (503, PORTAL_404, PortalGone),
        (403, HTML, BadAnswer),
        (401, HTML, BadAnswer),
        (200, HTML, BadAnswer),
        (200, PORTAL_404, BadAnswer),
        (200, b'{"result": {"ID"', BadAnswer),
        (200, b"", BadAnswer),
        (200, b"\xff\xfe\x00", BadAnswer),
        (200, b"[" * 100_000, BadAnswer),
        (200, [1, 2], BadAnswer),
        (304, HTML, BadAnswer),
    ],
)
def test_an_error_answer_raises_its_cause(status, body, cause):
    with pytest.raises(Bitrix24Error) as caught:
        read(status, body)
    assert type(caught.value) is cause
    assert caught.value.http_status == status


def test_a_description_is_not_repeated():
    with pytest.raises(Bitrix24Error) as caught:
        read(400, {"error": "invalid_grant", "error_description": "token s3cr3t is bad"})
    assert "s3cr3t" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_the_new_host(status):
    with pytest.raises(PortalMoved) as caught:
        read(status, b"", {"location": "https://New.example.com/rest/profile"})
    assert caught.value.new_host == "new.example.com"


@pytest.mark.parametrize(
    "location",
    ["", "/login/", "https://acme.example.com/login/", "ftp://x.example.com/", "https://a@b.example.com/",
     "https://127.1/", "https://x.example.com\r\nA: b", "javascript:alert(1)"],
)  # fmt: skip
def test_a_redirect_to_nowhere_useful_is_a_bad_answer(location):
    with pytest.raises(BadAnswer):
        read(302, b"", {"location": location})


def test_the_wait_comes_from_the_time_budget_or_the_header():
    reset_at = time.time() + 90
    with pytest.raises(TimeBudgetSpent) as spent:
        read(429, {"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": reset_at}})
    assert spent.value.retry_after == pytest.approx(90, abs=2)
    with pytest.raises(RateLimited) as limited:
        read(503, {"error": "QUERY_LIMIT_EXCEEDED"}, {"retry-after": "7"})
    assert limited.value.retry_after == 7


@pytest.mark.parametrize("value", ["soon", "-5", "nan", "inf", "1e400", ""])
def test_an_unreadable_wait_is_none(value):
    with pytest.raises(RateLimited) as caught:
        read(503, {"error": "QUERY_LIMIT_EXCEEDED"}, {"retry-after": value})
    assert caught.value.retry_after is None


def test_the_time_budget_of_a_success_is_read():
    answer = read(200, {"result": 1, "time": {"operating": "12.5", "operating_reset_at": 1790000000}})
    assert (answer.operating, answer.operating_reset_at) == (12.5, 1790000000.0)
    assert read(200, {"result": 1, "time": []}).operating is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.integers(200, 599),
    st.dictionaries(st.sampled_from(["location", "retry-after"]), st.text(max_size=40), max_size=2),
    st.binary(max_size=60)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(["error", "result", "time"]), json_values).map(
        lambda value: json.dumps(value).encode()
    ),
)
def test_nothing_but_the_family_is_raised(status, headers, content):
    with suppress(Bitrix24Error):
        read_answer(status, headers, content, host="acme.example.com")
