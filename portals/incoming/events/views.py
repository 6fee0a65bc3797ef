"""The handler of every event."""

import structlog
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from portals.bitrix24.payloads import EventRequest, PayloadError
from portals.incoming.events import inbox, spool
from portals.incoming.events.registry import EventRefused, bound_codes
from portals.infrastructure.database import GONE, RETRY_AFTER
from portals.infrastructure.metrics import counters
from portals.models import PortalEvent, signals
from portals.outgoing import suspicion

log = structlog.get_logger(__name__)

_FORM = "application/x-www-form-urlencoded"


@csrf_exempt  # Bitrix24 sends no cookie; every kind of event has its own proof
def events(request: HttpRequest) -> HttpResponse:
    """Accept, store, answer; everything else happens in a worker."""
    if request.method in ("GET", "HEAD"):
        purpose = _("Bitrix24 tells Chat Notebook here what happens to its installation.")
        return render(request, "portals/address.html", {"name": _("Events"), "purpose": purpose})
    if request.method != "POST":
        return JsonResponse({"error": "method"}, status=405, headers={"Allow": "GET, HEAD, POST"})
    try:
        event = _read(request)
        receipt = inbox.receive(event, suspicion.network_of(request))
    except EventRefused as refused:
        return _refused(request, refused)
    except GONE:
        return _spooled(request, event)
    counters.event_received(_label(event), receipt.value)
    if receipt is inbox.Receipt.STORED:
        signals.event_stored.send(PortalEvent)
    elif receipt is inbox.Receipt.UNKNOWN:
        log.info("event_unknown", event_code=event.event, portal=event.auth.member_id)
    return JsonResponse({"receipt": receipt.value})


def _read(request: HttpRequest) -> EventRequest:
    """Raises: EventRefused for what Bitrix24 would not have sent."""
    if request.content_type != _FORM:
        raise EventRefused("not_a_form", 415)
    try:
        return EventRequest.parse(request.POST.dict())
    except PayloadError as error:
        raise EventRefused(error.reason, 400) from None
    except RequestDataTooBig:
        raise EventRefused("body_too_large", 413) from None
    except TooManyFieldsSent:
        raise EventRefused("too_many_fields", 400) from None
    except UnreadablePostError:
        raise EventRefused("body_truncated", 400) from None


def _spooled(request: HttpRequest, event: EventRequest) -> HttpResponse:
    """The database is away. 202 promises less than 200, and 503 nothing: whatever Bitrix24 makes of it."""
    label = _label(event)
    if spool.keep(request.POST.dict(), suspicion.network_of(request)):
        counters.event_received(label, "spooled")
        return JsonResponse({"receipt": "spooled"}, status=202)
    log.error("event_lost", event_code=label, portal=event.auth.member_id)
    counters.event_received(label, "lost")
    return JsonResponse({"error": "unavailable"}, status=503, headers={"Retry-After": str(RETRY_AFTER)})


def _label(event: EventRequest) -> str:
    """Only codes we know become labels: a sender must not be able to invent them."""
    return event.event if event.event in bound_codes() else "other"


def _refused(request: HttpRequest, refused: EventRefused) -> HttpResponse:
    claimed = request.POST.get("auth[member_id]", "") if refused.http_status in (403, 404) else ""
    log.warning("event_refused", reason=refused.reason, portal=claimed[:32])
    counters.event_received("refused", refused.reason)
    return JsonResponse({"error": refused.reason}, status=refused.http_status)
