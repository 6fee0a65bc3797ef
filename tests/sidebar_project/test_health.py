"""Health addresses."""

from typing import Any

import pytest
from django.test import Client


def test_healthz_needs_nothing(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_names_what_answers(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert {"database", "redis"} <= response.json()["checks"].keys()


@pytest.mark.django_db
def test_readyz_names_what_is_away(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["redis"] != "ok"
    assert response.json()["checks"]["database"] == "ok"


@pytest.mark.django_db
def test_metrics_are_served(client: Client) -> None:
    assert b"python_info" in client.get("/metrics").content
