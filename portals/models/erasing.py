"""Erasing what a portal's people wrote: a few rows at a time, so that nobody waits long for any of them."""

from typing import Any

from django.db.models import QuerySet

from portals.models import signals

# Rows of one statement.
PORTION = 500


def erase_some(portal: Any) -> int:
    """Let every receiver of `signals.erased` delete a portion; returns how many rows went, 0 if nothing is left."""
    answers: list[tuple[Any, Any]] = signals.erased.send(type(portal), portal=portal)
    return sum(int(deleted) for _, deleted in answers)


def delete_some(rows: "QuerySet[Any]") -> int:
    """Delete a portion of ``rows`` and what hangs on it; returns how many of them went."""
    some = list(rows.order_by().values_list("pk", flat=True)[:PORTION])
    if some:
        # Whatever texts they have are not read for it; what is none of them any more stays.
        rows.order_by().filter(pk__in=some).only("pk").delete()
    return len(some)
