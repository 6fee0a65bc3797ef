"""What a process remembers of a service that is away."""

import threading

import pytest

from portals.infrastructure.absence import Absence


class Gone(Exception):
    """The service does not answer."""


class NotTried(Exception):
    """Nobody asked the service."""


@pytest.fixture
def absence() -> Absence:
    return Absence("thing", (Gone,), NotTried)


def fail(absence: Absence) -> None:
    with pytest.raises(Gone), absence.attempt():
        raise Gone


def test_after_one_failure_nobody_waits(absence: Absence) -> None:
    fail(absence)
    assert absence.known
    with pytest.raises(NotTried), absence.attempt():
        pytest.fail("the service was asked")


def test_after_a_pause_one_looks_and_the_others_still_do_not(
    absence: Absence, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(absence)
    monkeypatch.setattr(absence, "_look_at", 0.0)
    looking, done = threading.Event(), threading.Event()

    def look() -> None:
        with absence.attempt():
            looking.set()
            done.wait(10)

    looker = threading.Thread(target=look)
    looker.start()
    assert looking.wait(10)
    with pytest.raises(NotTried), absence.attempt():
        pytest.fail("two asked at once")
    done.set()
    looker.join()
    assert not absence.known
    with absence.attempt():
        pass


def test_another_error_says_nothing(absence: Absence, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="mine"), absence.attempt():
        raise ValueError("mine")
    assert not absence.known
    fail(absence)
    monkeypatch.setattr(absence, "_look_at", 0.0)
    with pytest.raises(ValueError, match="mine"), absence.attempt():
        raise ValueError("mine")
    with absence.attempt():  # it may look again
        pass
    assert not absence.known


def test_attempts_of_one_thread_nest(absence: Absence, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command connects first: both are one look."""
    fail(absence)
    monkeypatch.setattr(absence, "_look_at", 0.0)
    with absence.attempt(), absence.attempt():
        pass
    assert not absence.known
