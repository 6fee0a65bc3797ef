"""The `time` block of an answer (REST docs: "Response structure")."""

from emulator.clock import times
from emulator.rest.registry import Caller


def timing(caller: Caller, method: str, start: float) -> dict[str, float | int | str]:
    """Times of a call that began at `start` (Unix seconds) and ends now.

    New portals give `start` and `processing` as int; old ones as float, and nothing about `operating`.
    """
    finish = caller.world.clock.now()
    block = times(start, finish)
    if caller.portal.generation == "old":
        return block
    used, reset_at = caller.limits.operating(caller.portal.key, caller.client_id, method, finish)
    return block | {
        "start": int(start),
        "processing": 0,
        "operating_reset_at": reset_at,
        "operating": used,
    }
