"""The application session: our signed, short-lived proof that an administrator opened the application page.

It travels as a bearer header, never in a cookie (browsers block those in frames of other sites) nor in a URL.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.core import signing

from portals.models import Portal

LIFETIME = timedelta(minutes=30)
_SALT = "portals.incoming.application_api"


class SessionRefused(Exception):
    """Not a session of ours, over, or of before the portal's status changed; ``code`` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ApplicationSession:
    """An administrator of a portal. ``epoch`` ends all sessions when the portal's status changes."""

    portal: int
    epoch: float
    administrator: int

    @classmethod
    def of(cls, portal: Portal, administrator: int) -> "ApplicationSession":
        """For a *proved* administrator."""
        return cls(portal.pk, portal.status_changed_at.timestamp(), administrator)

    def sign(self) -> str:
        """The bearer token."""
        return signing.dumps(asdict(self), salt=_SALT)

    @classmethod
    def read(cls, bearer: str) -> "ApplicationSession":
        """Raises: SessionRefused."""
        try:
            return cls(**signing.loads(bearer, salt=_SALT, max_age=LIFETIME))
        except signing.SignatureExpired:
            raise SessionRefused("session_expired") from None
        except (signing.BadSignature, TypeError, ValueError):
            raise SessionRefused("session_invalid") from None

    def open_portal(self) -> Portal:
        """The portal it is about. Raises: SessionRefused."""
        portal = Portal.objects.for_opens().filter(pk=self.portal).first()
        if portal is None or portal.status_changed_at.timestamp() != self.epoch:
            raise SessionRefused("session_expired")
        return portal
