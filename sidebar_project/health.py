"""Health: ``/healthz`` says that the process is up, ``/readyz`` that all it needs answers."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process can serve a request."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if database and cache/broker answer, else 503; the body names each with its state."""
    states = {name: _state(probe) for name, probe in _PROBES.items()}
    ready = all(state == "ok" for state in states.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": states}, status=200 if ready else 503
    )


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()


_PROBES: dict[str, Callable[[], None]] = {"database": _database, "redis": _redis}


def _state(probe: Callable[[], None]) -> str:
    try:
        probe()
    except Exception as error:  # noqa: BLE001 - whatever fails, the answer is the same
        return type(error).__name__
    return "ok"
