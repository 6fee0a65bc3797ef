"""Who has a notebook open, and where they write: kept in Redis for seconds, never in the database.

It comes with the question that open pages ask anyway. While Redis is away nobody is known to be here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import redis

from portals.infrastructure.shared import redis_client
from widget.access.sessions import WidgetSession

# Seconds: a page that is used asks every four.
LASTS: Final = 15
# Pages of a chat, and of one viewer.
MOST: Final = 50
MOST_OF_ONE: Final = 3

# KEYS: the chat. ARGV: viewer, page, what is said of them ("" takes it back), seconds, most, most of one.
# Answers what is said of all pages that are there.
_TELL: Final = """
local now = tonumber(redis.call('TIME')[1])
local mine = ARGV[1] .. ':' .. ARGV[2]
local here, count, own = {}, 0, 0
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local ends, said = string.match(all[index + 1], '^(%d+) (.*)$')
  if all[index] == mine or tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], all[index])
  else
    count = count + 1
    here[count] = said
    if string.match(all[index], '^%d+') == ARGV[1] then own = own + 1 end
  end
end
if ARGV[3] ~= '' and count < tonumber(ARGV[5]) and own < tonumber(ARGV[6]) then
  redis.call('HSET', KEYS[1], mine, (now + tonumber(ARGV[4])) .. ' ' .. ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end
return here
"""


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody with the notebook open; ``note`` is where they write: 0 a new one, None nowhere."""

    id: int
    name: str
    note: int | None


def tell(session: WidgetSession, page: str, writing: int | None) -> Sequence[Here]:
    """Say that a page of the viewer is open, and hear who else is here, in the order of their numbers."""
    me = Here(session.viewer, session.viewer_name, writing if session.can_write else None)
    found: dict[int, Here] = {}
    for said in _ask(session, page, json.dumps(asdict(me))):
        other = Here(**json.loads(said))
        # Who has it open twice is here once, and writes.
        if other.id != session.viewer and (other.id not in found or other.note is not None):
            found[other.id] = other
    return [found[number] for number in sorted(found)]


def leave(session: WidgetSession, page: str) -> None:
    """The page is closed or hidden."""
    _ask(session, page, "")


def digest(here: Sequence[Here]) -> str:
    """The same for the same people in the same places; "" for nobody."""
    return hashlib.sha256(repr(here).encode()).hexdigest()[:12] if here else ""


def _ask(session: WidgetSession, page: str, said: str) -> list[bytes]:
    try:
        answer: Any = redis_client().eval(
            _TELL, 1, f"here:{session.chat}", session.viewer, page, said, LASTS, MOST, MOST_OF_ONE
        )
    except redis.RedisError:
        return []
    return list(answer)
