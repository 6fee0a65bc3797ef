"""Counters of the inbox."""

from prometheus_client import Counter

RECEIVED = Counter(
    "portal_events_received", "Events at the door, by code and what became of them.", ["event", "receipt"]
)
