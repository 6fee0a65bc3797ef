"""Counters: the sums of all processes, at no cost for whoever counts, and finite whatever comes in."""

import threading
from typing import Any

import pytest
from prometheus_client.core import Metric

from portals.bitrix24.transport import CallRecord
from portals.infrastructure.metrics import counters, store
from portals.infrastructure.shared import absence
from tests.support.emulator import Emulator
from tests.support.exposed import from_zero
from tests.support.processes import end, python, until

pytestmark = pytest.mark.django_db

COUNT = """
from portals.infrastructure.metrics import counters
for _ in range(5): counters.opened('widget', 'warm', 0.02)
"""


@pytest.fixture(autouse=True)
def _from_zero() -> None:
    from_zero()


def samples() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in store.collect()
        for sample in metric.samples
    }


def opens(outcome: str, page: str = "widget") -> float:
    labels = (("outcome", outcome), ("page", page), ("reason", ""))
    return samples().get(("chat_notebook_opens_total", labels), 0)


def test_processes_add_up(
    emulator: Emulator, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_FLUSH_SECONDS", "600")
    rivals = [python(COUNT, emulator) for _ in range(2)]
    try:
        assert [rival.wait(60) for rival in rivals] == [0, 0]
    finally:
        end(rivals)
    counters.opened("widget", "warm", 0.02)

    assert opens("warm") == 11  # what the others had left at their end included
    labels = (("outcome", "warm"), ("page", "widget"))
    assert samples()["chat_notebook_open_seconds_count", labels] == 11
    assert samples()["chat_notebook_open_seconds_sum", labels] == pytest.approx(0.22)


def test_a_process_delivers_while_it_runs(
    emulator: Emulator, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_FLUSH_SECONDS", "0.1")
    process = python(COUNT + "input()", emulator)
    try:
        until(lambda: opens("warm") == 5)
        assert process.poll() is None
    finally:
        end([process])


def test_a_forked_child_delivers_its_own_counts_only(
    emulator: Emulator, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the workers of the web server are forked, and leave without the usual end of an interpreter."""
    monkeypatch.setenv("METRICS_FLUSH_SECONDS", "600")
    child = COUNT + (
        "import multiprocessing\n"
        "work = lambda: counters.opened('widget', 'warm', 0.02)\n"
        "process = multiprocessing.get_context('fork').Process(target=work)\n"
        "process.start(); process.join()\n"
    )
    process = python(child, emulator)
    try:
        assert process.wait(60) == 0
    finally:
        end([process])

    assert opens("warm") == 6


def test_counting_asks_redis_nothing(settings: Any) -> None:
    """Whoever asked a Redis that is nowhere would know it afterwards."""
    settings.REDIS_URL = "redis://127.0.0.1:2/0"
    nowhere = absence(settings.REDIS_URL)
    for _ in range(100):
        counters.opened("widget", "warm", 0.01)
        counters.called(CallRecord("a.example", "batch", 200, None, 0.1))
    assert not nowhere.known
    store.flush()
    assert nowhere.known


def test_nothing_is_lost_while_redis_is_away(settings: Any) -> None:
    here, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    counters.opened("widget", "stale", 0.1)
    store.flush()
    assert list(store.collect()) == []  # not this process' counts alone: they would look like a restart

    settings.REDIS_URL = here
    counters.opened("widget", "stale", 0.1)
    assert opens("stale") == 2


def test_threads_of_a_process_lose_nothing() -> None:
    def work() -> None:
        for _ in range(200):
            counters.opened("widget", "shared", 0.01)
            store.flush()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert opens("shared") == 800


def test_a_portal_cannot_invent_labels() -> None:
    for number in range(50):
        counters.called(CallRecord("a.example", "batch", 200, f"invented_{number}", 0.1))
    counters.called(CallRecord("a.example", "batch", 200, "query_limit_exceeded", 0.1))

    codes = {dict(labels).get("code") for name, labels in samples() if name == "chat_notebook_calls_total"}
    assert codes == {"other", "query_limit_exceeded"}


def test_series_are_finite_whoever_invents_them() -> None:
    count = store.Count(
        "of_a_test", "Not one of ours: its series would be used up for the tests to come.", ["route"]
    )
    for number in range(2 * store._MOST_SERIES):
        count.add(f"route-{number}")

    routes = {dict(labels)["route"] for name, labels in samples() if name == "of_a_test_total"}
    assert len(routes) <= store._MOST_SERIES + 1
    assert "other" in routes


def test_histograms_are_in_the_order_of_the_format() -> None:
    counters.opened("widget", "warm", 0.3)
    [family] = [metric for metric in store.collect() if metric.name == "chat_notebook_open_seconds"]
    assert buckets(family) == sorted(buckets(family))
    assert buckets(family)[-1] == float("inf")


def buckets(family: Metric) -> list[float]:
    return [float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")]
