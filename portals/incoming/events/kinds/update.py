"""``ONAPPUPDATE``: a new version dropped our handlers, and may bring another application token."""

from django.utils.crypto import constant_time_compare

from portals.bitrix24.errors import TokenDead, TokenExpired
from portals.bitrix24.payloads import EventRequest
from portals.incoming.events import proof
from portals.incoming.events.kinds.install import install_from
from portals.incoming.events.registry import DONE, EventKind, EventRefused, Outcome, ignored, register
from portals.lifecycle import install
from portals.models import EventCredentials, Portal, PortalEvent


@register
class Update(EventKind):
    code = "ONAPPUPDATE"
    keeps_credentials = True

    def authenticate(self, event: EventRequest, portal: Portal | None) -> None:
        """The stored application token, or an access token that will be proved (the token may be a new one)."""
        known = proof.known(portal)
        if not proof.has_application_token(event, known):
            proof.need_access_token(event)

    def process(self, event: PortalEvent) -> Outcome:
        """Bind again. With an administrator's token this is an install once more, and stores what it proves."""
        credentials = EventCredentials.objects.filter(event=event).first()
        if credentials is not None:
            try:
                install_from(event)
                return DONE
            except (EventRefused, TokenDead, TokenExpired):  # it may come when its token has ended
                if not _vouched(event.portal, credentials):
                    raise
        if event.portal is None or event.portal.status != Portal.Status.ACTIVE:
            return ignored("not_active")
        install.reconcile(event.portal)
        return DONE


def _vouched(portal: Portal | None, credentials: EventCredentials) -> bool:
    """Whose token came along may be nobody we trust; then the application token must be ours."""
    shown, stored = credentials.application_token, portal.application_token if portal else None
    return bool(shown and stored and constant_time_compare(shown, stored))
