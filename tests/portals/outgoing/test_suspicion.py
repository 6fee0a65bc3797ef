"""Who failed too often waits, for a minute, and nobody else does."""

from typing import Any

import pytest

from portals.bitrix24.errors import RateLimited
from portals.infrastructure.shared import redis_client
from portals.outgoing import suspicion
from portals.outgoing.suspicion import ASKS_OF_TOKEN, FAILURES_AT_PORTAL, FAILURES_OF_ADDRESS
from portals.refusals import Refusal

SOMEBODY, SOMEBODY_ELSE = "93.184.215.14", "93.184.215.15"


def seconds_pass(seconds: int) -> None:
    """For everything that is counted."""
    for key in redis_client().scan_iter("callers:*"):
        redis_client().pexpire(key, redis_client().pttl(key) - seconds * 1000)


def fails(request: Any, reason: str = "token_refused") -> None:
    with pytest.raises(Refusal), suspicion.limited(request):
        raise Refusal(reason)


def waits(request: Any) -> bool:
    try:
        with suspicion.limited(request):
            return False
    except Refusal as refusal:
        return refusal.reason == "too_many_failures"


def test_a_minute_is_counted_from_the_first_failure() -> None:
    """Somebody who fails now and then is never held back, however long it goes on."""
    for _ in range(4):
        suspicion.failed_at(1)
        seconds_pass(50)
        for _ in range(FAILURES_AT_PORTAL - 2):
            suspicion.failed_at(1)
        assert not suspicion.suspicious(1)
        seconds_pass(11)
    for _ in range(FAILURES_AT_PORTAL):
        assert not suspicion.suspicious(1)
        suspicion.failed_at(1)
    assert suspicion.suspicious(1)
    assert not suspicion.suspicious(2)
    seconds_pass(61)
    assert not suspicion.suspicious(1)


def test_an_address_waits_and_others_do_not(rf: Any) -> None:
    request = rf.post("/", REMOTE_ADDR=SOMEBODY)
    for _ in range(FAILURES_OF_ADDRESS):
        assert not waits(request)
        fails(request)
    assert waits(request)
    assert not waits(rf.post("/", REMOTE_ADDR=SOMEBODY_ELSE))
    seconds_pass(61)
    assert not waits(request)


@pytest.mark.parametrize(
    "reason", ["token_refused", "token_expired", "foreign_application", "foreign_portal"]
)
def test_what_proves_nothing_counts(rf: Any, reason: str) -> None:
    request = rf.post("/", REMOTE_ADDR=SOMEBODY)
    for _ in range(FAILURES_OF_ADDRESS):
        fails(request, reason)
    assert waits(request)


def test_what_people_at_work_meet_does_not_count(rf: Any) -> None:
    request = rf.post("/", REMOTE_ADDR=SOMEBODY)
    for _ in range(FAILURES_OF_ADDRESS):
        fails(request, "not_in_chat")
    assert not waits(request)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.7.7", "127.0.0.1", "::1", "fd00::1", "100.64.0.1", "", "unix:", "a.example"],
)
def test_an_address_that_may_be_our_own_proxys_counts_for_nobody(rf: Any, address: str) -> None:
    """Otherwise strangers would hold everybody back who comes by the same proxy."""
    request = rf.post("/", REMOTE_ADDR=address)
    for _ in range(FAILURES_OF_ADDRESS + 1):
        fails(request)
    assert not waits(request)
    assert not list(redis_client().scan_iter("callers:*"))


def test_a_subscriber_of_ipv6_is_one_caller_with_all_addresses(rf: Any) -> None:
    for number in range(FAILURES_OF_ADDRESS):
        fails(rf.post("/", REMOTE_ADDR=f"2606:4700:1:2::{number:x}"))
    assert waits(rf.post("/", REMOTE_ADDR="2606:4700:1:2:ffff::1"))
    assert not waits(rf.post("/", REMOTE_ADDR="2606:4700:1:3::1"))


@pytest.mark.parametrize(
    ("forwarded", "proxies", "caller"),
    [
        (f"1.1.1.1, {SOMEBODY}", 1, SOMEBODY),
        (f"1.1.1.1,{SOMEBODY} , 10.0.0.2", 2, SOMEBODY),
        (SOMEBODY, 1, SOMEBODY),
        (SOMEBODY, 2, SOMEBODY_ELSE),
        (SOMEBODY, 0, SOMEBODY_ELSE),
        ("1.1.1.1, ", 1, SOMEBODY_ELSE),
        ("", 1, SOMEBODY_ELSE),
    ],
)
def test_the_outermost_proxys_word_counts(
    rf: Any, settings: Any, forwarded: str, proxies: int, caller: str
) -> None:
    settings.PROXY_COUNT = proxies
    request = rf.post("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR=SOMEBODY_ELSE)
    assert suspicion.network_of(request) == caller


def test_a_token_makes_us_ask_so_often_and_others_ask_on() -> None:
    for _ in range(ASKS_OF_TOKEN):
        suspicion.asks("one")
    with pytest.raises(RateLimited) as refused:
        suspicion.asks("one")
    assert (refused.value.code, refused.value.retry_after) == ("token_busy", 60)
    suspicion.asks("another")
    seconds_pass(61)
    suspicion.asks("one")


def test_without_redis_nobody_waits(rf: Any, settings: Any) -> None:
    request = rf.post("/", REMOTE_ADDR=SOMEBODY)
    fails(request)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in range(FAILURES_OF_ADDRESS):
        fails(request)
        suspicion.failed_at(1)
    assert not waits(request)
    assert not suspicion.suspicious(1)
    for _ in range(ASKS_OF_TOKEN + 1):
        suspicion.asks("one")
