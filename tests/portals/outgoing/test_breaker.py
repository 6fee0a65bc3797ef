"""The circuit breaker: one for a host, whoever calls."""

from contextlib import suppress
from typing import Any

import pytest
import time_machine
from django.test import Client

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
from tests.support import exposed

HOST = "portal.example"


def call(error: Bitrix24Error | None = None, host: str = HOST, subject: str = "") -> None:
    with suppress(Bitrix24Error), breaker.guard(host, subject):
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


class TestSubject:
    """What was not answered in time is held back alone; who does not answer at all, as a whole."""

    def test_a_slow_subject_holds_back_nothing_else(self) -> None:
        for _ in range(THRESHOLD):
            call(DeadlineExceeded(), subject="chat22")
        with pytest.raises(CircuitOpen), breaker.guard(HOST, "chat22"):
            pytest.fail("the call was made")
        call(subject="chat21")
        call()
        assert state() is State.CLOSED
        assert not breaker.open_hosts()

    def test_a_host_that_is_away_is_so_for_every_subject(self) -> None:
        for number in range(THRESHOLD):
            call(Unreachable(), subject=f"chat{number}")
        for subject in ("", "chat22"):
            with pytest.raises(CircuitOpen), breaker.guard(HOST, subject):
                pytest.fail("the call was made")
        assert breaker.open_hosts() == {HOST}

    def test_an_answer_about_it_closes_it(self) -> None:
        with time_machine.travel(1_900_000_000, tick=False) as clock:
            for _ in range(THRESHOLD):
                call(DeadlineExceeded(), subject="chat22")
            clock.shift(breaker.FIRST_PAUSE)
            call(subject="chat22")
            call(DeadlineExceeded(), subject="chat22")
            with breaker.guard(HOST, "chat22"):
                pass

    def test_a_subject_that_is_held_back_costs_the_host_no_trial(self) -> None:
        with time_machine.travel(1_900_000_000, tick=False) as clock:
            for _ in range(THRESHOLD):
                call(Unreachable())
            clock.shift(breaker.circuit_of(HOST).pause)
            for _ in range(THRESHOLD):
                breaker._failed(f"{HOST}#chat22", breaker.Circuit(), DeadlineExceeded())
            with pytest.raises(CircuitOpen), breaker.guard(HOST, "chat22"):
                pytest.fail("the call was made")
            call(subject="chat21")
            assert state() is State.CLOSED

    def test_a_host_that_was_away_and_is_too_late_has_not_come_back(self) -> None:
        with time_machine.travel(1_900_000_000, tick=False) as clock:
            for _ in range(THRESHOLD):
                call(Unreachable())
            clock.shift(breaker.circuit_of(HOST).pause)
            call(DeadlineExceeded(), subject="chat22")
            assert breaker.circuit_of(HOST).trips == 2

    def test_it_may_be_tried_by_one_at_a_time(self) -> None:
        with time_machine.travel(1_900_000_000, tick=False) as clock:
            for _ in range(THRESHOLD):
                call(DeadlineExceeded(), subject="chat22")
            clock.shift(breaker.FIRST_PAUSE)
            with breaker.guard(HOST, "chat22"):
                with pytest.raises(CircuitOpen), breaker.guard(HOST, "chat22"):
                    pytest.fail("a second one may not")
                call(subject="chat21")


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


def test_of_a_host_that_never_failed_nothing_is_known() -> None:
    call()
    assert breaker.circuit_of(HOST) == breaker.Circuit()
    call(Unreachable())
    call()
    assert breaker.circuit_of(HOST) == breaker.Circuit()


def test_failures_are_in_a_row_if_they_are_of_ten_minutes() -> None:
    call(Unreachable())
    assert redis_client().ttl(f"breaker:{HOST}") == pytest.approx(600, abs=5)


def test_who_is_told_to_wait_is_told_how_long() -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        assert breaker.circuit_of(HOST).pause == 0
        for _ in range(THRESHOLD):
            call(Unreachable())
        pause = breaker.circuit_of(HOST).pause
        clock.shift(1)
        with pytest.raises(CircuitOpen) as refused, breaker.guard(HOST):
            pytest.fail("the call was made")
        assert refused.value.retry_after == pytest.approx(pause - 1)
        clock.shift(pause)
        assert breaker.circuit_of(HOST).pause == 0
        with breaker.guard(HOST), pytest.raises(CircuitOpen) as refused, breaker.guard(HOST):
            pytest.fail("a second one may not")
        assert refused.value.retry_after == 1


def test_a_trial_that_fails_makes_room_for_the_next() -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        for _ in range(THRESHOLD):
            call(Unreachable())
        for trips in range(1, 5):
            assert breaker.circuit_of(HOST).trips == trips
            clock.shift(breaker.circuit_of(HOST).pause)
            call(Unreachable())


def test_many_that_fail_together_are_one_failed_return() -> None:
    for _ in range(THRESHOLD - 1):
        call(Unreachable())
    under_way = [breaker.guard(HOST) for _ in range(3)]
    for each in under_way:
        each.__enter__()
    for each in under_way:
        error = Unreachable()
        assert not each.__exit__(Unreachable, error, None)
    assert breaker.circuit_of(HOST).trips == 1


def test_open_hosts_are_named_until_they_may_be_tried() -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        for host in (HOST, "another.example"):
            assert breaker.open_hosts() <= {HOST}
            for _ in range(THRESHOLD):
                call(Unreachable(), host)
        assert breaker.open_hosts() == {HOST, "another.example"}
        clock.shift(breaker.FIRST_PAUSE)
        assert breaker.open_hosts() == set()
        call(Unreachable())
        assert breaker.open_hosts() == {HOST}
        clock.shift(breaker.LONGEST_PAUSE)
        call()
        assert breaker.open_hosts() == set()
        assert redis_client().zcard("breakers:open") == 0


def test_trips_are_counted(client: Client, db: None) -> None:
    exposed.from_zero()
    for _ in range(THRESHOLD):
        call(Unreachable())
    assert exposed.value(exposed.scrape(client), "chat_notebook_breaker_trips_total") == 1


def test_without_redis_every_call_goes_out(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in range(THRESHOLD + 1):
        with pytest.raises(Unreachable) as error, breaker.guard(HOST):
            raise Unreachable
        assert not isinstance(error.value, CircuitOpen)
