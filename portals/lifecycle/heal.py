"""Healing: an administrator opens a page of a portal that lost its token, and thereby brings a new one."""

import structlog
from django.db import transaction

from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.payloads import Profile
from portals.lifecycle import bindings, install
from portals.lifecycle.install import PostedPair
from portals.models import Portal, signals
from portals.outgoing import gateway
from portals.refusals import Refusal
from portals.tokens import pairs

log = structlog.get_logger(__name__)

# Somebody waits for the page; a portal that cannot be healed now is healed by a later open.
_SECONDS = 3.0


def heal(portal: Portal, viewer: Profile, posted: PostedPair) -> None:
    """Store the pair that ``viewer``, proved by the portal, posted, if the portal needs one; else do nothing.

    Costs one call to the authorization server, which has to know the pair as this portal's and this person's.
    Whatever fails, the open goes on without.
    """
    if not viewer.admin or not posted.access_token or not posted.refresh_token or not _needs_token(portal):
        return
    try:
        servers = gateway.any_authorization_server(portal.authorization_server)
        proof = install.prove_token(posted, servers, deadline=_SECONDS)
    except (Bitrix24Error, Refusal) as error:
        reason = error.code if isinstance(error, Bitrix24Error) else error.reason
        log.warning("heal_failed", portal=portal.member_id, reason=reason)
        return
    if proof.user_id != viewer.user_id or not proof.installed:
        log.warning("heal_failed", portal=portal.member_id, reason="not_proved")
        return
    with transaction.atomic():
        if not portal.lock(Portal.Status.ACTIVE, Portal.Status.BLOCKED) or portal.is_held:
            return
        pairs.store(portal, proof.user_id, posted.access_token, posted.refresh_token, proof.expires)
        portal.remember_authorization_server(proof.authorization_server)
        portal.heal()
        if portal.handlers_digest != bindings.declaration_digest():
            signals.handlers_stale.send(Portal, portal=portal)
    log.info("portal_healed", portal=portal.member_id, user=proof.user_id)


def _needs_token(portal: Portal) -> bool:
    if portal.status == Portal.Status.BLOCKED:
        return not portal.is_held
    return not portal.tokens.alive().exists()
