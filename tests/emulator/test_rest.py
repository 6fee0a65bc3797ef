"""Conventions every REST method shares: addresses, authorization, envelope, limits, faults."""

import time

import pytest
import requests

from tests.emulator.client import HELENA, PRIYA, TOMAS, Client
from tests.support.emulator import Emulator


@pytest.mark.parametrize("path", ["profile", "PROFILE", "Profile.json", "profile/", "profile.json/"])
def test_method_names_are_case_insensitive(alpha: Client, path: str) -> None:
    assert alpha.result(path)["ID"] == "1"


def test_the_token_may_travel_five_ways(alpha: Client) -> None:
    url, token = f"{alpha.endpoint}profile", alpha.token(PRIYA)
    answers = [
        requests.get(url, params={"auth": token}, timeout=10),
        requests.get(url, params={"access_token": token}, timeout=10),
        requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10),
        requests.post(url, data={"AUTH": token}, timeout=10),
        requests.post(url, files={"auth": (None, token)}, timeout=10),
        requests.post(url, json={"auth": token}, timeout=10),
    ]

    assert [answer.json()["result"]["ID"] for answer in answers] == ["3"] * 6


def test_the_bearer_header_comes_first(alpha: Client) -> None:
    headers = {"Authorization": f"Bearer {alpha.token(PRIYA)}"}
    answer = requests.post(
        f"{alpha.endpoint}profile", json={"auth": alpha.token(TOMAS)}, headers=headers, timeout=10
    )

    assert answer.json()["result"]["ID"] == str(PRIYA)


def test_bracket_names_are_nested_as_php_does(alpha: Client) -> None:
    body = {
        "auth": alpha.token(HELENA),
        "placement": "IM_SIDEBAR",
        "handler": "http://127.0.0.1:8000/widget/",
        "options[iconName]": "fa-comments-o",
        "options[context]": "CHAT;CRM",
        "LANG_ALL[de][TITLE]": "Notizen",
        "LANG_ALL[en][TITLE]": "Notes",
    }
    requests.post(f"{alpha.endpoint}placement.bind", data=body, timeout=10)

    (bound,) = alpha.result("placement.get")
    assert bound["options"]["context"] == "CHAT;CRM"
    assert bound["langAll"]["de"] == {"TITLE": "Notizen", "DESCRIPTION": "", "GROUP_NAME": ""}


def test_success_envelope_of_both_generations(alpha: Client, beta: Client) -> None:
    new, old = alpha.call("server.time").json()["time"], beta.call("server.time").json()["time"]

    assert set(new) >= {"start", "finish", "duration", "processing", "date_start", "date_finish", "operating"}
    assert isinstance(new["start"], int)
    assert isinstance(old["start"], float)
    assert "operating" not in old
    assert new["date_start"][10] == "T"


def test_preflight_and_cors(alpha: Client) -> None:
    origin = {"Origin": "http://127.0.0.1:8000"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = requests.options(f"{alpha.endpoint}profile", headers=origin | asked, timeout=10)
    failure = requests.post(f"{alpha.endpoint}nothing.here", headers=origin, timeout=10)

    assert preflight.status_code == 200
    assert "content-type" in preflight.headers["Access-Control-Allow-Headers"]
    for answer in (preflight, failure):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_token_errors(alpha: Client, beta: Client) -> None:
    def error(endpoint: str, token: str) -> tuple[int, str]:
        answer = requests.post(f"{endpoint}profile", json={"auth": token}, timeout=10)
        return answer.status_code, answer.json()["error"]

    assert error(alpha.endpoint, "") == (401, "NO_AUTH_FOUND")
    assert error(alpha.endpoint, "unknown") == (401, "invalid_token")
    assert error(alpha.endpoint, beta.token(HELENA)) == (401, "invalid_token")
    assert alpha.result("profile")
    alpha.emulator.control.advance(3601)
    assert alpha.error("profile") == (401, "expired_token")
    alpha.emulator.control.uninstall("alpha")
    assert alpha.error("profile") == (401, "ERROR_OAUTH")


def test_tokens_stay_dead_after_a_reinstall(alpha: Client) -> None:
    control = alpha.emulator.control
    alpha.result("profile")
    control.uninstall("alpha")
    control.install("alpha")

    assert alpha.error("profile") == (401, "invalid_token")


def test_who_may_use_the_application(alpha: Client) -> None:
    control = alpha.emulator.control
    control.access("alpha", [PRIYA])

    assert alpha.result("profile", HELENA)
    assert alpha.result("profile", PRIYA)
    assert alpha.error("profile", TOMAS) == (403, "user_access_error")
    control.payment("alpha", paid=False)
    assert alpha.error("profile", PRIYA) == (401, "PAYMENT_REQUIRED")


def test_unknown_method_and_missing_scope(alpha: Client) -> None:
    control = alpha.emulator.control
    assert alpha.error("no.such.method") == (404, "ERROR_METHOD_NOT_FOUND")

    control.application(alpha.emulator.client_id, scope=["placement"])
    narrow = Client.installed(alpha.emulator, "alpha")
    assert narrow.error("im.dialog.get", DIALOG_ID="chat22") == (403, "insufficient_scope")


def test_old_portals_answer_some_errors_with_401(beta: Client) -> None:
    beta.emulator.control.access("beta", [])

    assert beta.error("profile", 3) == (401, "user_access_error")
    beta.emulator.control.application(beta.emulator.client_id, scope=["placement"])
    narrow = Client.installed(beta.emulator, "beta")
    assert narrow.error("im.dialog.get", DIALOG_ID="chat22") == (401, "insufficient_scope")


def test_unreadable_json(alpha: Client) -> None:
    answer = requests.post(
        f"{alpha.endpoint}profile",
        data=b"{not json",
        headers={"Content-Type": "application/json"},
        timeout=10,
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_REQUEST")


def test_the_bucket_fills_and_drains(alpha: Client) -> None:
    control = alpha.emulator.control
    alpha.token(HELENA)
    control.bucket("alpha", x=3, y=1)

    statuses = [alpha.call("profile").status_code for _ in range(5)]
    control.advance(2)

    assert statuses == [200, 200, 200, 503, 503]
    assert alpha.result("profile")
    control.bucket("alpha", x=0)
    assert alpha.error("profile") == (503, "QUERY_LIMIT_EXCEEDED")


def test_a_batch_is_one_request_for_the_bucket(alpha: Client) -> None:
    alpha.token(HELENA)
    alpha.emulator.control.bucket("alpha", x=1, y=0)

    assert len(alpha.result("batch", cmd=["profile"] * 50)["result"]) == 50


def test_operating_time_is_counted_and_limited(alpha: Client) -> None:
    first = alpha.call("profile").json()["time"]
    alpha.emulator.control.fault("alpha", delay_ms=150, method="profile", times=1)
    second = alpha.call("profile").json()["time"]
    alpha.emulator.control.bucket("alpha", operating_limit=-1)

    assert second["operating"] > first["operating"]
    assert second["operating_reset_at"] > second["finish"]
    assert alpha.error("profile") == (429, "OPERATION_TIME_LIMIT")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("500", 500, "INTERNAL_SERVER_ERROR"),
        ("query_limit", 503, "QUERY_LIMIT_EXCEEDED"),
        ("operation_time_limit", 429, "OPERATION_TIME_LIMIT"),
        ("unpaid", 401, "PAYMENT_REQUIRED"),
        ("not_installed", 401, "ERROR_OAUTH"),
        ("connection_error", 401, "CONNECTION_ERROR"),
    ],
)
def test_json_faults(alpha: Client, fault: str, status: int, code: str) -> None:
    alpha.token(HELENA)
    alpha.emulator.control.fault("alpha", fault)

    assert alpha.error("profile") == (status, code)
    alpha.emulator.control.fault("alpha")
    assert alpha.result("profile")


def test_faults_that_are_no_json(alpha: Client) -> None:
    control = alpha.emulator.control
    alpha.token(HELENA)
    control.fault("alpha", "html")
    page = alpha.call("profile")
    control.fault("alpha", "portal404")
    gone = alpha.call("profile")
    control.fault("alpha", "garbage")
    garbage = alpha.call("profile")

    assert (page.status_code, page.headers["Content-Type"].startswith("text/html")) == (502, True)
    assert gone.status_code == 404
    assert "portal404" in gone.text
    with pytest.raises(requests.JSONDecodeError):
        garbage.json()


def test_slow_huge_and_dripping_answers(alpha: Client) -> None:
    control = alpha.emulator.control
    url, params = f"{alpha.endpoint}profile", {"auth": alpha.token(HELENA)}
    control.fault("alpha", delay_ms=300, times=1)
    started = time.monotonic()
    requests.get(url, params=params, timeout=10)
    slow = time.monotonic() - started
    control.fault("alpha", "huge")
    with requests.get(url, params=params, stream=True, timeout=10) as answer:
        size = sum(len(chunk) for _, chunk in zip(range(64), answer.iter_content(65536), strict=False))
    control.fault("alpha", "drip")
    with pytest.raises(requests.RequestException), requests.get(url, params=params, timeout=0.3) as answer:
        answer.json()

    assert slow >= 0.3
    assert size > 2_000_000


def test_a_renamed_portal_redirects_and_can_be_replaced(emulator: Emulator) -> None:
    control, portal = emulator.control, emulator.portals["alpha"]
    client = Client.installed(emulator, "alpha")
    client.token(HELENA)
    moved = control.rename("alpha", emulator.spare_ports[0])
    answer = requests.post(f"{portal.client_endpoint}profile?x=1", json={}, allow_redirects=False, timeout=10)
    followed = requests.post(f"{moved['url']}/rest/profile", json={"auth": client.token(HELENA)}, timeout=10)
    successor = control.takeover("alpha")
    after = requests.post(f"{portal.client_endpoint}profile", json={}, allow_redirects=False, timeout=10)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{moved['url']}/rest/profile?x=1")
    assert followed.json()["result"]["ID"] == str(HELENA)
    assert successor["url"] == portal.url
    assert successor["member_id"] != portal.member_id
    assert (after.status_code, after.json()["error"]) == (401, "NO_AUTH_FOUND")


def test_a_spare_port_knows_no_portal(emulator: Emulator) -> None:
    answer = requests.get(f"http://localhost:{emulator.spare_ports[0]}/rest/profile", timeout=10)

    assert answer.status_code == 404


def test_every_request_is_recorded(alpha: Client) -> None:
    alpha.call("im.dialog.get", PRIYA, DIALOG_ID="chat23")
    record = alpha.emulator.control.requests("rest")[-1]

    assert (record["portal"], record["method"], record["status"]) == ("alpha", "im.dialog.get", 403)
    assert record["params"] == {"DIALOG_ID": "chat23", "auth": alpha.token(PRIYA)}
    alpha.emulator.control.forget_requests()
    assert alpha.emulator.control.requests() == []
