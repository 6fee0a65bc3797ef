"""The widget session: our signed, short-lived proof of portal, viewer and chat.

It travels as a bearer header, never in a cookie (browsers block those in frames of other sites) nor in a URL.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

# With a proof that may be 5 minutes old: who is removed from a chat has lost its notebook after 15.
LIFETIME = timedelta(minutes=10)
_SALT = "widget.session"


class SessionExpired(Exception):
    """The session was ours but is over; the page trades fresh auth of Bitrix24 for a new one."""


class SessionInvalid(Exception):
    """Not a session of ours."""


@dataclass(frozen=True, slots=True)
class WidgetSession:
    """What was proved at an open. ``portal_epoch`` ends all sessions when the portal's status changes."""

    portal: int
    portal_epoch: float
    chat: int
    viewer: int
    viewer_name: str
    can_write: bool

    def sign(self) -> str:
        """The bearer token."""
        return signing.dumps({name: getattr(self, name) for name in self.__slots__}, salt=_SALT)

    @classmethod
    def read(cls, bearer: str) -> "WidgetSession":
        """Raises: SessionExpired, SessionInvalid."""
        try:
            return cls(**signing.loads(bearer, salt=_SALT, max_age=LIFETIME))
        except signing.SignatureExpired:
            raise SessionExpired from None
        except (signing.BadSignature, TypeError, ValueError):
            raise SessionInvalid from None
