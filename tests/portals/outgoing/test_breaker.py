"""The circuit breaker: one for a host, whoever calls."""

from contextlib import suppress
from typing import Any

import pytest
import time_machine

from portals.bitrix24.errors import (
    BadAnswer,
    Bitrix24Error,
    CircuitOpen,
    DeadlineExceeded,
    RateLimited,
    ServerTrouble,
    TokenDead,
    Unreachable,
)
from portals.infrastructure.shared import redis_client
from portals.outgoing import breaker
from portals.outgoing.breaker import THRESHOLD, State

HOST = "portal.example"


def call(error: Bitrix24Error | None = None, host: str = HOST) -> None:
    with suppress(Bitrix24Error), breaker.guard(host):
        if error:
            raise error


def state(host: str = HOST) -> State:
    return breaker.circuit_of(host).state


@pytest.mark.parametrize("error", [Unreachable(), DeadlineExceeded(), ServerTrouble(), BadAnswer()])
def test_failures_in_a_row_open_it_for_everybody(error: Bitrix24Error) -> None:
    for _ in range(THRESHOLD):
        assert state() is State.CLOSED
        call(error)
    with pytest.raises(CircuitOpen) as refused, breaker.guard(HOST):
        pytest.fail("the call was made")
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= breaker.FIRST_PAUSE
    assert state("another.example") is State.CLOSED


@pytest.mark.parametrize("error", [None, RateLimited(), TokenDead()])
def test_any_answer_in_between_keeps_it_closed(error: Bitrix24Error | None) -> None:
    for _ in range(3):
        for _ in range(THRESHOLD - 1):
            call(Unreachable())
        call(error)
    assert state() is State.CLOSED


def test_one_at_a_time_may_try_and_success_closes_it() -> None:
    with time_machine.travel(1_900_000_000, tick=True) as clock:
        for _ in range(THRESHOLD):
            call(Unreachable())
        clock.shift(breaker.FIRST_PAUSE)
        assert state() is State.HALF_OPEN
        with breaker.guard(HOST), pytest.raises(CircuitOpen), breaker.guard(HOST):
            pytest.fail("a second one may not")
        assert state() is State.CLOSED


def test_the_pause_doubles_up_to_a_minute() -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        for _ in range(THRESHOLD):
            call(Unreachable())
        pauses = []
        for _ in range(8):
            pauses.append(breaker.circuit_of(HOST).pause)
            clock.shift(pauses[-1])
            call(Unreachable())
        for trips, pause in enumerate(pauses):
            longest = min(breaker.FIRST_PAUSE * 2**trips, breaker.LONGEST_PAUSE)
            assert longest / 2 <= pause <= longest


def test_who_dies_while_trying_does_not_keep_it_open() -> None:
    with time_machine.travel(1_900_000_000, tick=True) as clock:
        for _ in range(THRESHOLD):
            call(Unreachable())
        clock.shift(breaker.LONGEST_PAUSE)
        assert breaker._may_try(HOST)
        ttl: Any = redis_client().ttl(f"breaker:{HOST}:trial")
        assert 0 < ttl <= 20


def test_without_redis_every_call_goes_out(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in range(THRESHOLD + 1):
        with pytest.raises(Unreachable) as error, breaker.guard(HOST):
            raise Unreachable
        assert not isinstance(error.value, CircuitOpen)
