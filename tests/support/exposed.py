"""What ``/metrics`` says, read as Prometheus reads it."""

from typing import Any

import redis
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from portals.infrastructure.metrics import store

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]


def scrape(client: Client) -> Samples:
    """Every sample by name and labels."""
    response = client.get("/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"})
    assert response.status_code == 200, response.content
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The sum of a metric's samples that carry ``labels``."""
    found = [
        number
        for (key, have), number in samples.items()
        if key == name and labels.items() <= dict(have).items()
    ]
    assert found, f"no {name} with {labels}"
    return sum(found)


def from_zero() -> None:
    """Forget what was counted: what earlier tests left in this process is delivered first."""
    store.flush()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(store.KEY)


def labels_of(samples: Samples) -> dict[str, dict[str, set[Any]]]:
    """Names of metrics, with their labels and the values seen."""
    found: dict[str, dict[str, set[Any]]] = {}
    for name, labels in samples:
        known = found.setdefault(name, {})
        for label, seen in labels:
            known.setdefault(label, set()).add(seen)
    return found
