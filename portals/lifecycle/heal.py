"""Healing: an administrator opens a page, and thereby brings what the portal lacks.

That is a token pair, or the application token of a new version whose event was lost.
"""

import structlog
from django.db import transaction
from django.utils.crypto import constant_time_compare

from portals.bitrix24.errors import Bitrix24Error
from portals.bitrix24.payloads import AppInfo, Profile
from portals.lifecycle import bindings, install
from portals.lifecycle.install import Posted
from portals.models import Portal, signals
from portals.outgoing import gateway
from portals.refusals import Refusal
from portals.tokens import pairs

log = structlog.get_logger(__name__)

# Somebody waits for the page; a portal that cannot be healed now is healed by a later open.
_SECONDS = 3.0


def heal(portal: Portal, viewer: Profile, posted: Posted) -> None:
    """Store what ``viewer``, proved by the portal, posted, if the portal lacks it; else do nothing.

    Costs one call to the authorization server, which has to know the token as this portal's and this person's.
    Whatever fails, the open goes on without.
    """
    if not viewer.admin or not posted.access_token:
        return
    needs_pair = bool(posted.refresh_token) and _needs_pair(portal)
    if not needs_pair and not _has_another_application_token(portal, posted):
        return
    proof = _prove(portal, viewer, posted)
    if proof is None:
        return
    with transaction.atomic():
        if not portal.lock(Portal.Status.ACTIVE, Portal.Status.BLOCKED) or portal.is_held:
            return
        install.learn_application_token(portal, posted.application_token, proof.expires)
        portal.save(update_fields=["application_token", "application_token_as_of", "updated_at"])
        portal.remember_authorization_server(proof.authorization_server)
        if needs_pair and posted.refresh_token:
            pairs.store(portal, proof.user_id, posted.access_token, posted.refresh_token, proof.expires)
            portal.heal()
            if portal.handlers_digest != bindings.declaration_digest():
                signals.handlers_stale.send(Portal, portal=portal)
    log.info("portal_healed", portal=portal.member_id, user=proof.user_id, pair=needs_pair)


def _prove(portal: Portal, viewer: Profile, posted: Posted) -> AppInfo | None:
    try:
        servers = gateway.any_authorization_server(portal.authorization_server, subject=gateway.OPENS)
        proof = install.prove_token(posted, servers, deadline=_SECONDS)
    except (Bitrix24Error, Refusal) as error:
        reason = error.code if isinstance(error, Bitrix24Error) else error.reason
        log.warning("heal_failed", portal=portal.member_id, reason=reason)
        return None
    if proof.user_id != viewer.user_id or not proof.installed:
        log.warning("heal_failed", portal=portal.member_id, reason="not_proved")
        return None
    return proof


def _needs_pair(portal: Portal) -> bool:
    if portal.status == Portal.Status.BLOCKED:
        return not portal.is_held
    return not portal.tokens.alive().exists()


def _has_another_application_token(portal: Portal, posted: Posted) -> bool:
    """Than we know. Events that show it would be refused."""
    if not posted.application_token:
        return False
    return not constant_time_compare(posted.application_token, portal.application_token or "")
