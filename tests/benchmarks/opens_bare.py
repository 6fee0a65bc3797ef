"""The yardstick of an open: no middleware, one indexed SELECT, a template of the same size; the same server."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """One row, one page."""
    from portals.models import Portal  # noqa: PLC0415 - needs the settings

    _ = request.body  # left unread it would cost the connection
    domain = Portal.objects.values_list("domain", flat=True).get(member_id=os.environ["BENCH_MEMBER_ID"])
    return HttpResponse(template.render(Context({"domain": domain})))


urlpatterns = [path("widget/", bare)]

django.setup()
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
template = Template(Path(os.environ["BENCH_TEMPLATE"]).read_text())
application = get_wsgi_application()
