"""``/metrics``: everything Prometheus may know, for whoever has the token."""

from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from portals.infrastructure.metrics import store
from portals.operations import gauges
from sidebar_project import health


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers of all processes, to be asked of any one of them.

    Needs ``Authorization: Bearer METRICS_TOKEN``; without that setting the address does not exist, save in
    development.
    """
    if not settings.METRICS_TOKEN and not settings.DEBUG:
        raise Http404
    given = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN and not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse("A token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(_EXPOSED), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from store.collect()
        yield from gauges.collect()
        yield _checks()


def _checks() -> Metric:
    text = "1 if what /readyz looks at is well, 0 if not."
    family = GaugeMetricFamily("chat_notebook_check_up", text, labels=["check"])
    for name, check in (health.check_services() | health.check_processes()).items():
        family.add_metric([name], int(check.ok))
    return family


# A registry of its own: the default one adds numbers of whichever process happens to answer.
_EXPOSED = CollectorRegistry(auto_describe=False)
_EXPOSED.register(_Everything())
