"""What happens to an accepted event: done, ignored or refused with a reason, later, or given up."""

import structlog
from structlog.contextvars import bound_contextvars

from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.incoming.events import inbox, registry
from portals.incoming.events.registry import EventRefused, LookAgain, Outcome, TryLater
from portals.infrastructure.metrics import counters
from portals.lifecycle.bindings import BindingFailed
from portals.models import PortalEvent
from portals.tokens.pairs import NoToken, RefreshPending

log = structlog.get_logger(__name__)

# Longer than processing may take; a worker that died gives its event back after that.
LEASE_SECONDS = 120
# Once an hour after the first few: five days, longer than a server of Bitrix24 is away.
MOST_ATTEMPTS = 120


def process(event_id: int, attempts: int) -> None:
    """Process one event, which had been taken ``attempts`` times when it was handed out.

    Safe to run twice or at once: one runner has it at a time, and every kind may run again.
    """
    event = inbox.claim(event_id, attempts, seconds=LEASE_SECONDS)
    if event is None:
        return
    with bound_contextvars(**({"request_id": event.request_id} if event.request_id else {})):
        _process(event)


def _process(event: PortalEvent) -> None:
    bound = log.bind(portal=event.member_id, event_code=event.event, attempt=event.attempts)
    try:
        outcome = _outcome(event)
    except LookAgain as again:
        bound.info("event_postponed", reason=again.reason)
        counters.event_processed(event.event, "postponed")
        inbox.look_again(event, again.reason, again.seconds)
    except TryLater as later:
        bound.info("event_postponed", reason=later.reason)
        _later(event, later.reason, later.at_least)
    except Exception as error:  # noqa: BLE001 - one event that trips us must not stop the others
        bound.exception("event_failed")
        _later(event, f"internal:{type(error).__name__}")
    else:
        bound.info("event_processed", outcome=outcome.status.value, reason=outcome.reason)
        _finish(event, outcome)


def _outcome(event: PortalEvent) -> Outcome:
    """Raises: TryLater, LookAgain."""
    kind = registry.find(event.event)
    if kind is None:
        return registry.ignored("unknown_event")
    try:
        return kind.process(event)
    except EventRefused as refused:
        return Outcome(PortalEvent.Status.REFUSED, refused.reason)
    except RefreshPending as pending:
        raise TryLater("refresh_pending", pending.retry_after) from None
    except NoToken:
        return registry.ignored("no_token")
    except BindingFailed as failed:
        raise TryLater(f"binding_failed:{failed.code}") from None
    except Bitrix24Error as error:
        if error.disposition in (Disposition.RETRY_LATER, Disposition.MISCONFIGURED):
            raise TryLater(error.code, error.retry_after or 0) from None
        return Outcome(PortalEvent.Status.REFUSED, error.code)


def _later(event: PortalEvent, reason: str, at_least: float = 0) -> None:
    if event.failures >= MOST_ATTEMPTS:
        log.error("event_given_up", portal=event.member_id, event_code=event.event, reason=reason)
        if kind := registry.find(event.event):
            kind.give_up(event)
        _finish(event, Outcome(PortalEvent.Status.FAILED, reason))
        return
    counters.event_processed(event.event, "postponed")
    inbox.postpone(event, reason, at_least)


def _finish(event: PortalEvent, outcome: Outcome) -> None:
    inbox.finish(event, outcome)
    counters.event_processed(event.event, outcome.status.value)
