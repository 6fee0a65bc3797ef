"""Facts on the templates of operators' pages."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from django import template
from django.utils.safestring import SafeString

from portals.operations import appearance as display

register = template.Library()

for _filter in (
    display.ago,
    display.exact,
    display.status_pill,
    display.token_pill,
    display.event_pill,
    display.call_pill,
    display.milliseconds,
    display.waited,
):
    register.filter(_filter.__name__, _filter)


@register.simple_tag
def binding_pill(state: str, confirmed: bool) -> SafeString:  # noqa: FBT001 - as templates pass it
    """What is known of a handler; one that nobody compared is bound if the last reconcile read it back."""
    return display.binding_pill("bound" if state == "wanted" and confirmed else state)


@register.filter
def moment(text: str) -> datetime:
    """The moment of an ISO 8601 text of ours."""
    return datetime.fromisoformat(text)


@register.filter
def names(values: Iterable[StrEnum]) -> str:
    """Enumerated values, in words."""
    return ", ".join(sorted(value.value for value in values))
