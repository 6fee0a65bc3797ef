"""Everything that is counted, under the names that stand in docs/operations/monitoring.md.

Whoever does a thing counts it, with one line. No label has values that somebody outside can choose.
"""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver

from portals.bitrix24 import codes
from portals.bitrix24.transport import CallRecord
from portals.infrastructure.metrics.store import OTHER, Count, Timing
from portals.models import PortalTransition

# What a refresh may end with besides an error code of Bitrix24.
_OUTCOMES: Final = frozenset({"refreshed", "refresh_interrupted", "foreign_member_id"})
_PAGE_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAIT_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2, 4)

_opens = Count(
    "chat_notebook_opens", "Pages opened in Bitrix24, by what became of them.", ("page", "outcome", "reason")
)
_open_seconds = Timing(
    "chat_notebook_open_seconds", "Time to answer an open.", ("page", "outcome"), buckets=_PAGE_SECONDS
)
_requests = Count("chat_notebook_requests", "HTTP requests.", ("route", "method", "code"))
_request_seconds = Timing(
    "chat_notebook_request_seconds", "Time to answer an HTTP request.", ("route",), buckets=_PAGE_SECONDS
)
_api_refusals = Count("chat_notebook_api_refusals", "Refused API requests, by reason.", ("reason",))
_calls = Count("chat_notebook_calls", "Calls to Bitrix24.", ("target", "method", "code"))
_call_seconds = Timing(
    "chat_notebook_call_seconds", "Time of calls to Bitrix24.", ("target", "method"), buckets=_PAGE_SECONDS
)
_refreshes = Count("chat_notebook_token_refreshes", "Token refreshes.", ("outcome",))
_refresh_seconds = Timing(
    "chat_notebook_token_refresh_seconds", "Time of token refreshes that were sent.", buckets=_PAGE_SECONDS
)
_events_received = Count("chat_notebook_events_received", "Events at the door.", ("event", "receipt"))
_events_processed = Count(
    "chat_notebook_events_processed", "Events a worker dealt with.", ("event", "outcome")
)
_transitions = Count(
    "chat_notebook_portal_transitions", "Changes of portals' status.", ("old", "new", "reason")
)
_limiter_waits = Timing(
    "chat_notebook_limiter_wait_seconds", "Waiting for a portal's bucket.", ("work",), buckets=_WAIT_SECONDS
)
_limiter_refusals = Count(
    "chat_notebook_limiter_refusals", "Calls that the limiter kept back.", ("work", "reason")
)
_breaker_trips = Count("chat_notebook_breaker_trips", "Hosts that stopped being called.", ("target",))


def opened(page: str, outcome: str, seconds: float, reason: str = "") -> None:
    """An open was answered: warm, cold, shared, stale, served, failed, or refused for ``reason``."""
    _opens.add(page, outcome, reason)
    _open_seconds.add(seconds, page, outcome)


def requested(route: str, method: str, status: int, seconds: float) -> None:
    """An HTTP request was answered; ``route`` is the pattern of the URL, not the URL."""
    _requests.add(route, method, str(status))
    _request_seconds.add(seconds, route)


def api_refused(reason: str) -> None:
    """The API refused a request."""
    _api_refusals.add(reason)


def called(record: CallRecord) -> None:
    """A call to Bitrix24 ended, one way or another."""
    target = target_of(record.host)
    method = record.method.removeprefix("oauth.").lower()
    code = "ok" if record.error_code is None else _known(record.error_code)
    _calls.add(target, method, code)
    _call_seconds.add(record.duration, target, method)


def refreshed(outcome: str, seconds: float | None) -> None:
    """A refresh ended: ``outcome`` is "refreshed" or an error code, ``seconds`` what it took, if it was sent."""
    _refreshes.add(outcome if outcome in _OUTCOMES else _known(outcome))
    if seconds is not None:
        _refresh_seconds.add(seconds)


def event_received(event: str, receipt: str) -> None:
    """An event came to the door; ``event`` must be one of ours, or "other"."""
    _events_received.add(event, receipt)


def event_processed(event: str, outcome: str) -> None:
    """A worker dealt with an event: an outcome of `PortalEvent`, or "postponed"."""
    _events_processed.add(event, outcome)


def waited(seconds: float, *, background: bool) -> None:
    """Somebody got a place in a portal's bucket, after ``seconds``."""
    _limiter_waits.add(seconds, _work(background=background))


def kept_back(reason: str, *, background: bool) -> None:
    """Somebody got no place: "full" or "barred"."""
    _limiter_refusals.add(_work(background=background), reason)


def tripped(host: str) -> None:
    """The breaker of a host opened."""
    _breaker_trips.add(target_of(host))


def authorization_servers() -> frozenset[str]:
    """Hosts of the authorization servers; each is a target of its own."""
    return frozenset(urlsplit(url).netloc for url in settings.BITRIX24_OAUTH_URL)


def target_of(host: str) -> str:
    """An authorization server by its name, "portal" for anybody else."""
    return host if host in authorization_servers() else "portal"


def _known(code: str) -> str:
    """A portal may answer with any code, so only those we know become labels."""
    return code if code in codes.KNOWN else OTHER


def _work(*, background: bool) -> str:
    return "background" if background else "open"


@receiver(post_save, sender=PortalTransition)
def _count_transition(instance: PortalTransition, *, created: bool, **_: object) -> None:
    if created:
        _transitions.add(instance.old, instance.new, instance.reason)
