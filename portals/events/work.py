"""What happens to an accepted event: done, ignored or refused with a reason, later, or given up."""

import structlog

from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.events import inbox, registry
from portals.events.registry import EventRefused, Outcome, TryLater
from portals.handlers import BindingFailed
from portals.metrics import counters
from portals.models import PortalEvent
from portals.tokens import NoToken, RefreshPending

log = structlog.get_logger(__name__)

# Longer than processing may take; a worker that died gives its event back after that.
LEASE_SECONDS = 120
MOST_ATTEMPTS = 12


def process(event_id: int) -> float | None:
    """Process one event; returns the seconds after which to try again, None if it has its outcome.

    Safe to run twice or at once: one runner has it at a time, and every kind may run again.
    """
    event = inbox.claim(event_id, seconds=LEASE_SECONDS)
    if event is None:
        return None
    bound = log.bind(portal=event.member_id, event_code=event.event, attempt=event.attempts)
    try:
        outcome = _outcome(event)
    except TryLater as later:
        bound.info("event_postponed", reason=later.reason)
        return _later(event, later.reason, later.seconds)
    except Exception as error:  # noqa: BLE001 - one event that trips us must not stop the others
        bound.exception("event_failed")
        return _later(event, f"internal:{type(error).__name__}", None)
    bound.info("event_processed", outcome=outcome.status.value, reason=outcome.reason)
    inbox.finish(event, outcome)
    counters.event_processed(event.event, outcome.status.value)
    return None


def _outcome(event: PortalEvent) -> Outcome:
    """Raises: TryLater."""
    kind = registry.find(event.event)
    if kind is None:
        return registry.ignored("unknown_event")
    try:
        return kind.process(event)
    except EventRefused as refused:
        return Outcome(PortalEvent.Status.REFUSED, refused.reason)
    except RefreshPending:
        raise TryLater("refresh_pending", 5) from None
    except NoToken:
        return registry.ignored("no_token")
    except BindingFailed as failed:
        raise TryLater(f"binding_failed:{failed.code}") from None
    except Bitrix24Error as error:
        if error.disposition in (Disposition.RETRY_LATER, Disposition.MISCONFIGURED):
            raise TryLater(error.code, error.retry_after) from None
        return Outcome(PortalEvent.Status.REFUSED, error.code)


def _later(event: PortalEvent, reason: str, seconds: float | None) -> float | None:
    if event.attempts >= MOST_ATTEMPTS:
        log.error("event_given_up", portal=event.member_id, event_code=event.event, reason=reason)
        inbox.finish(event, Outcome(PortalEvent.Status.FAILED, reason))
        counters.event_processed(event.event, PortalEvent.Status.FAILED.value)
        return None
    counters.event_processed(event.event, "postponed")
    return inbox.postpone(event, reason, seconds)
