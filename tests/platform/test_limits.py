"""Limits.

SOURCE: b24restdocs limits.md, August 2026; that only calls above 0.1 s count: portal source, module rest, May 2026.
"""

from tests.emulator.client import Client


def test_short_calls_use_nothing_of_the_time_of_a_method(alpha: Client) -> None:
    for _ in range(3):
        time = alpha.call("profile").json()["time"]

    assert time["operating"] == 0


def test_a_slow_method_uses_its_own_time_alone(alpha: Client) -> None:
    alpha.emulator.control.fault("alpha", delay_ms=150, method="profile", times=1)
    slow = alpha.call("profile").json()["time"]
    other = alpha.call("app.info").json()["time"]

    assert slow["operating"] >= 0.15
    assert other["operating"] == 0


def test_a_slow_method_is_slow_in_a_batch_too(alpha: Client) -> None:
    alpha.emulator.control.fault("alpha", delay_ms=150, method="profile", times=1)
    times = alpha.result("batch", cmd={"app": "app.info", "me": "profile"})["result_time"]

    assert times["me"]["operating"] >= 0.15
    assert times["app"]["operating"] == 0


def test_a_method_without_time_left_is_refused_until_the_oldest_minute_falls_out(alpha: Client) -> None:
    alpha.emulator.control.bucket("alpha", operating_limit=0.1)
    alpha.emulator.control.fault("alpha", delay_ms=150, method="profile", times=1)
    alpha.result("profile")

    assert alpha.error("profile") == (429, "OPERATION_TIME_LIMIT")
    alpha.emulator.control.advance(660)
    assert alpha.result("profile")


def test_a_batch_is_one_request_of_the_bucket(alpha: Client) -> None:
    alpha.emulator.control.bucket("alpha", x=1, y=0)
    alpha.result("batch", cmd={f"c{number}": "profile" for number in range(50)})

    assert alpha.error("profile") == (503, "QUERY_LIMIT_EXCEEDED")
