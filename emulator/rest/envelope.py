"""The `time` block of an answer (REST docs: "Response structure")."""

from emulator.clock import iso
from emulator.rest.registry import Caller

JsonTime = dict[str, float | int | str]


def timing(caller: Caller, method: str, start: float) -> JsonTime:
    """Times of a call that began at `start` (Unix seconds) and ends now.

    Portals of the new generation give `start` and `processing` as int where they are whole, old ones
    always as float.
    """
    finish = caller.world.clock.now()
    used, reset_at = caller.limits.operating(caller.portal.key, caller.client_id, method, finish)
    new = caller.portal.generation == "new"
    return {
        "start": int(start) if new else start,
        "finish": finish,
        "duration": finish - start,
        "processing": 0 if new else finish - start,
        "date_start": iso(start),
        "date_finish": iso(finish),
        "operating_reset_at": reset_at,
        "operating": used,
    }
