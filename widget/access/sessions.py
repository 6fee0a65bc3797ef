"""The widget session: our signed, short-lived proof of portal, viewer and chat.

It travels as a bearer header, never in a cookie (browsers block those in frames of other sites) nor in a URL.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.core import signing

# From the portal's word to the end of the session that rests on it: so long at most somebody who was removed from a
# chat, or dismissed, can use its notebook.
LIFETIME = timedelta(minutes=15)
_SALT = "widget.session"


class SessionExpired(Exception):
    """The session was ours but is over; the page trades fresh auth of Bitrix24 for a new one."""


class SessionInvalid(Exception):
    """Not a session of ours."""


@dataclass(frozen=True, slots=True)
class WidgetSession:
    """What was proved at an open. ``portal_epoch`` ends all sessions when the portal's status changes.

    ``ends`` in Unix seconds. ``admin`` (None: nobody asked), ``extranet`` and ``context`` are what the portal's
    settings may exclude meanwhile.
    """

    portal: int
    portal_epoch: float
    chat: int
    viewer: int
    viewer_name: str
    can_write: bool
    admin: bool | None
    extranet: bool
    context: str
    ends: float

    @property
    def seconds(self) -> int:
        """How long it lasts from now."""
        return max(0, int(self.ends - time.time()))

    def sign(self) -> str:
        """The bearer token."""
        return signing.dumps({name: getattr(self, name) for name in self.__slots__}, salt=_SALT)

    @classmethod
    def read(cls, bearer: str) -> Self:
        """Raises: SessionExpired, SessionInvalid."""
        try:
            session = cls(**signing.loads(bearer, salt=_SALT, max_age=LIFETIME))
        except signing.SignatureExpired:
            raise SessionExpired from None
        except (signing.BadSignature, TypeError):  # TypeError: of another release
            raise SessionInvalid from None
        if time.time() >= session.ends:
            raise SessionExpired
        return session
