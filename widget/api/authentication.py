"""Who calls the API: the bearer of a widget session."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal
from widget.access import audience
from widget.access.sessions import SessionExpired, SessionInvalid, WidgetSession
from widget.models import Chat


@dataclass(frozen=True, slots=True)
class Viewer:
    """DRF's user: a viewer with a session, never somebody with an account here."""

    session: WidgetSession
    chat_revision: int
    is_authenticated: bool = True


class WidgetSessionAuthentication(BaseAuthentication):
    """``Authorization: Bearer <widget session>``. One query: the chat with its portal."""

    def authenticate(self, request: Request) -> tuple[Viewer, WidgetSession] | None:
        """Raises: AuthenticationFailed; Refusal, as an open's, if the portal's settings exclude the viewer now."""
        scheme, __, bearer = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        session = _read(bearer)
        chat = (
            Chat.objects.select_related("portal")
            .only("revision", "portal__status", "portal__status_changed_at", "portal__placement_settings")
            .filter(pk=session.chat, portal=session.portal)
            .first()
        )
        if chat is None or not _still_granted(chat.portal, session):
            raise expired()
        _require_audience(chat.portal, session)
        return Viewer(session, chat.revision), session

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _read(bearer: str) -> WidgetSession:
    try:
        return WidgetSession.read(bearer)
    except SessionExpired:
        raise expired() from None
    except SessionInvalid:
        raise AuthenticationFailed(_("This is not a session of the notebook."), "session_invalid") from None


def _still_granted(portal: Portal, session: WidgetSession) -> bool:
    return portal.status_changed_at.timestamp() == session.portal_epoch


def _require_audience(portal: Portal, session: WidgetSession) -> None:
    sidebar = SidebarSettings.of(portal.placement_settings)
    if not audience.can_judge(sidebar, session.admin):
        raise expired()  # a new session is proved by who knows
    audience.enforce(sidebar, admin=session.admin, extranet=session.extranet, context=session.context)


def expired() -> AuthenticationFailed:
    """The page proves anew who looks at it, and makes the chat known again."""
    return AuthenticationFailed(_("The session has ended; open the notebook again."), "session_expired")
