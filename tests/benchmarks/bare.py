"""The yardstick of the inbox: the same settings and middleware, and a view that does one INSERT and no more."""

import uuid

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """One row of the inbox, whatever was sent."""
    from portals.models import PortalEvent  # noqa: PLC0415 - needs the settings

    _ = request.body  # left unread it would cost the connection
    PortalEvent.objects.create(
        member_id="0" * 32,
        event="BARE",
        dedup_key=uuid.uuid4().hex,
        status="done",
        processed_at=timezone.now(),
    )
    return HttpResponse("stored")


urlpatterns = [path("events/", bare)]

django.setup()
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()
