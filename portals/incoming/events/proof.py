"""What an event can show at the door. It passed through browsers or strangers, so most of it stays a claim."""

from django.utils.crypto import constant_time_compare

from portals.bitrix24.payloads import EventRequest
from portals.incoming.events.registry import EventRefused
from portals.models import Portal


def known(portal: Portal | None) -> Portal:
    """Raises: EventRefused for a portal that never installed us."""
    if portal is None or portal.status == Portal.Status.NEW:
        raise EventRefused("portal_unknown", 404)
    return portal


def has_application_token(event: EventRequest, portal: Portal) -> bool:
    """Whether the event shows the portal's application token; compared in constant time."""
    shown, stored = event.auth.application_token, portal.application_token
    return bool(shown and stored and constant_time_compare(shown, stored))


def need_application_token(event: EventRequest, portal: Portal) -> None:
    """Raises: EventRefused. A portal that never told us its token is taken at its word, which proves nothing:
    what follows is a question to the authorization server, never an act."""
    if portal.application_token is None:
        return
    if event.auth.application_token is None:
        raise EventRefused("application_token_missing")
    if not has_application_token(event, portal):
        raise EventRefused("application_token_wrong")


def need_departed_token(event: EventRequest, portal: Portal) -> None:
    """Raises: EventRefused, unless the event shows the application token that a portal had when it left."""
    if not portal.application_token_digest:
        raise EventRefused("not_installed")
    if event.auth.application_token is None:
        raise EventRefused("application_token_missing")
    if not constant_time_compare(
        portal.digest_of(event.auth.application_token), portal.application_token_digest
    ):
        raise EventRefused("application_token_wrong")


def need_access_token(event: EventRequest) -> None:
    """Raises: EventRefused. The token itself is proved later, by the authorization server."""
    if event.auth.access_token is None:
        raise EventRefused("token_missing")
