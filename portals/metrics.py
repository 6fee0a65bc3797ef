"""Metrics of the token refresh.

Refreshes happen in workers, scrapes reach a web process: counts are kept in Redis, so that any process tells the
whole truth and no shared folder (prometheus_client's multi-process mode) ties processes to one machine.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import redis
import structlog
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portals.models import PortalToken
from portals.shared import redis_client

log = structlog.get_logger(__name__)

_OUTCOMES = "metrics:token_refreshes"
_SECONDS = "metrics:token_refresh_seconds"


def refreshed(outcome: str, seconds: float | None) -> None:
    """Count one refresh: ``outcome`` is "refreshed" or an error code, ``seconds`` what it took, if it was sent."""
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.hincrby(_OUTCOMES, outcome, 1)
            if seconds is not None:
                pipe.incrbyfloat(_SECONDS, seconds)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("metrics_unavailable", reason=type(error).__name__)


class TokenCollector(Collector):
    """The numbers of all processes, read when somebody asks."""

    def describe(self) -> Iterable[Metric]:
        return [_refreshes(), _seconds(), *_backlog(0, 0.0)]

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        due: dict[str, Any] = (
            PortalToken.objects.alive()
            .filter(refresh_due_at__lte=now)
            .aggregate(count=Count("pk"), oldest=Min("refresh_due_at"))
        )
        lag = (now - due["oldest"]).total_seconds() if due["oldest"] else 0.0
        yield from _backlog(due["count"], lag)
        try:
            outcomes: Any = redis_client().hgetall(_OUTCOMES)
            seconds: Any = redis_client().get(_SECONDS)
        except redis.RedisError:
            return
        refreshes = _refreshes()
        for outcome, count in sorted(outcomes.items()):
            refreshes.add_metric([outcome.decode()], int(count))
        yield refreshes
        spent = _seconds()
        spent.add_metric([], float(seconds or 0))
        yield spent


def _refreshes() -> CounterMetricFamily:
    text = 'Token refreshes by outcome: "refreshed" or the error code.'
    return CounterMetricFamily("chat_notebook_token_refreshes", text, labels=["outcome"])


def _seconds() -> CounterMetricFamily:
    return CounterMetricFamily(
        "chat_notebook_token_refresh_seconds", "Time spent in token refreshes.", labels=[]
    )


def _backlog(count: int, lag: float) -> list[Metric]:
    return [
        GaugeMetricFamily("chat_notebook_tokens_due", "Tokens that are due and not refreshed yet.", count),
        GaugeMetricFamily(
            "chat_notebook_token_refresh_lag_seconds", "How long the longest due token has been due.", lag
        ),
    ]
