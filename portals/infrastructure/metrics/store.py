"""Counters of all processes on all hosts: counted in memory, added up in Redis about once a second.

Counting touches no network, so it costs a warm open nothing. What could not be delivered because Redis is away is
delivered when it is back. Any process answers a scrape with the sums.
"""

import json
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import redis
import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from portals.infrastructure.background import Background
from portals.infrastructure.shared import redis_client

log = structlog.get_logger(__name__)

# The Redis hash of all sums: field = JSON of sample name and labels.
KEY: Final = "metrics"
OTHER: Final = "other"
# Label combinations of one metric. More would mean that somebody outside invents them.
_MOST_SERIES: Final = 400
Kind = TypeVar("Kind", Counter, Histogram)
# What this process has counted since its start.
_LOCAL: Final = CollectorRegistry()


class _Family(Generic[Kind]):
    """The series of one metric by their label values: found quickly, and finite whoever sends what."""

    def __init__(self, metric: Kind) -> None:
        self._metric: Kind = metric
        self._series: dict[tuple[str, ...], Kind] = {}

    def __call__(self, labels: tuple[str, ...]) -> Kind:
        series = self._series.get(labels)
        if series is None:
            if len(self._series) >= _MOST_SERIES:
                labels = (OTHER,) * len(labels)
            series = self._metric.labels(*labels) if labels else self._metric
            self._series[labels] = series
        return series


class Count:
    """A counter; ``name`` without the ``_total`` that Prometheus shows."""

    def __init__(self, name: str, text: str, labels: Iterable[str] = ()) -> None:
        self._of = _Family(Counter(name, text, tuple(labels), registry=_LOCAL))

    def add(self, *labels: str) -> None:
        """Count one more; label values in the order of the declaration."""
        _SUMS.wake()
        self._of(labels).inc()
        _SUMS.grown = True


class Timing:
    """A histogram of seconds."""

    def __init__(self, name: str, text: str, labels: Iterable[str] = (), *, buckets: Iterable[float]) -> None:
        self._of = _Family(Histogram(name, text, tuple(labels), buckets=tuple(buckets), registry=_LOCAL))

    def add(self, seconds: float, *labels: str) -> None:
        """Count one duration; label values in the order of the declaration."""
        _SUMS.wake()
        self._of(labels).observe(seconds)
        _SUMS.grown = True


class _Sums:
    """Delivers what this process counted and not yet delivered."""

    def __init__(self) -> None:
        # Whether something was counted since the last flush began.
        self.grown = False
        self._delivered: dict[str, float] = {}
        self._lock = threading.Lock()
        self._background = Background(
            "metrics", self.flush, seconds=lambda: settings.METRICS_FLUSH_SECONDS, forked=self._forked
        )
        self.wake = self._background.wake

    def flush(self) -> None:
        """Add to the sums in Redis, all or nothing; if Redis is away the next flush delivers more."""
        with self._lock:
            if not self.grown:
                return
            self.grown = False
            counted = _counted()
            news = {
                field: value - self._delivered.get(field, 0.0)
                for field, value in counted.items()
                if value != self._delivered.get(field, 0.0)
            }
            try:
                with redis_client().pipeline(transaction=True) as pipe:
                    for field, growth in news.items():
                        pipe.hincrbyfloat(KEY, field, growth)
                    pipe.execute()
            except redis.RedisError as error:
                self.grown = True
                log.warning("metrics_unavailable", reason=type(error).__name__)
                return
            self._delivered = counted

    def _forked(self) -> None:
        self._delivered = _counted()


_SUMS: Final = _Sums()
flush = _SUMS.flush


def collect() -> Iterator[Metric]:
    """The sums of all processes, this one's newest included.

    Nothing while Redis is away: the counts of one process instead of all would look like a restart of the counters.
    """
    flush()
    try:
        sums: Any = redis_client().hgetall(KEY)
    except redis.RedisError:
        return
    families = {metric.name: _empty(metric) for metric in _LOCAL.collect()}
    for field, value in sums.items():
        name, labels = json.loads(field)
        family = families.get(_family(name))
        if family is not None:  # not one that an earlier release counted
            family.add_sample(name, labels, float(value))
    for family in families.values():
        family.samples.sort(key=_order)
        yield family


def _counted() -> dict[str, float]:
    return {
        _field(sample.name, tuple(sample.labels.items())): sample.value
        for metric in _LOCAL.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created") and sample.value
    }


@lru_cache(maxsize=20_000)
def _field(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    return json.dumps([name, dict(labels)], sort_keys=True)


def _family(sample_name: str) -> str:
    return (
        sample_name.removesuffix("_total").removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
    )


def _empty(metric: Metric) -> Metric:
    return Metric(metric.name, metric.documentation, metric.type)


def _order(sample: Sample) -> tuple[str, list[tuple[str, str]], float]:
    """Buckets of a histogram in ascending order, as the format wants them."""
    labels = sorted((name, value) for name, value in sample.labels.items() if name != "le")
    return sample.name, labels, float(sample.labels.get("le", "inf"))
