"""How facts look on operators' pages."""

from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from portals.models import ApiCall, Portal, PortalEvent, PortalToken

NOTHING: Final = "—"
_JUST_NOW = 60
_STATUSES = {"new": "calm", "active": "good", "blocked": "bad", "deleted": "calm"}
_OUTCOMES = {"done": "good", "ignored": "calm", "pending": "warn", "refused": "bad", "failed": "bad"}
_BINDINGS = {
    "bound": "good",
    "wanted": "calm",
    "changed": "warn",
    "missing": "bad",
    "stale": "warn",
    "not known there": "calm",
}


def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, or in how long; the exact time on hover."""
    if moment is None:
        return NOTHING
    now = timezone.now()
    if abs((now - moment).total_seconds()) < _JUST_NOW:
        text = "now"
    elif moment < now:
        text = f"{timesince(moment, now, depth=1)} ago"
    else:
        text = f"in {timesince(now, moment, depth=1)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), text)


def exact(moment: datetime) -> str:
    """To the second, in UTC."""
    return date_format(timezone.localtime(moment), "Y-m-d H:i:s") + " UTC"


def pill(kind: str, text: Any) -> SafeString:
    """A small label; ``kind`` is good, bad, warn or calm."""
    return format_html('<span class="op-pill op-{}">{}</span>', kind, text)


def status_pill(portal: Portal) -> SafeString:
    """The portal's status."""
    return pill(_STATUSES[portal.status], portal.get_status_display())


def token_pill(token: PortalToken) -> SafeString:
    """The token's health."""
    if token.dead_at:
        return pill("bad", "dead")
    if token.failures:
        return pill("warn", "failing")
    due = token.refresh_due_at is not None and token.refresh_due_at <= timezone.now()
    return pill("warn", "due") if due else pill("good", "fresh")


def event_pill(event: PortalEvent) -> SafeString:
    """The event's outcome."""
    return pill(_OUTCOMES[event.status], event.get_status_display())


def call_pill(call: ApiCall) -> SafeString:
    """The answer to a call: its error code, else its HTTP status."""
    if call.error_code:
        return format_html("{} {}", pill("bad", call.error_code), call.http_status or "")
    return pill("good", call.http_status or NOTHING)


def binding_pill(state: str) -> SafeString:
    """What is known of a handler."""
    return pill(_BINDINGS[state], state)


def milliseconds(seconds: float) -> str:
    """A duration."""
    return f"{seconds * 1000:.0f} ms"


def waited(seconds: float) -> str:
    """A lag, in the largest unit that fits."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
