"""What an operator does about a portal: the same acts for admin pages and commands.

Each act runs now, in the caller's process, and answers with an `Outcome`; it raises nothing that Bitrix24 causes.
``by`` is "operator:NAME" or "command": it stands on the transitions and calls that the act causes, and in the log.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from portals.bitrix24.errors import Bitrix24Error
from portals.infrastructure.call_log import CALLS
from portals.lifecycle import install, payments, uninstall
from portals.lifecycle.bindings import BindingFailed
from portals.lifecycle.uninstall import Presence
from portals.models import BLOCKED_BY_OPERATOR, Portal, PortalTransition, authorship, data_export
from portals.operations import texts
from portals.outgoing import consequences
from portals.outgoing.consequences import NOT_INSTALLED, Source
from portals.tokens import pairs
from portals.tokens.pairs import NoToken, RefreshPending

log = structlog.get_logger(__name__)

LONGEST_NOTE = PortalTransition._meta.get_field("note").max_length


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an act ended: ``reason`` is a code for machines, ``text`` one or two sentences for the operator."""

    ok: bool
    reason: str
    text: str


def verify(portal: Portal, by: str) -> Outcome:
    """Ask the authorization server and the portal whether the installation is alive, and settle its status.

    May refresh the token. Whatever blocked the portal is disproved when both answer, except an unpaid subscription
    and an operator's block.
    """
    return _perform("verify", portal, by, _verify)


def refresh(portal: Portal, by: str) -> Outcome:
    """Refresh every living token of the portal, whatever it waits for."""
    return _perform("refresh", portal, by, _refresh)


def reconcile(portal: Portal, by: str) -> Outcome:
    """Bring the portal's handlers to what we want."""
    return _perform("reconcile", portal, by, _reconcile)


def block(portal: Portal, by: str, reason: str) -> Outcome:
    """Stop the application for a portal until `unblock`; ``reason`` says why in words, for other operators."""

    def work(portal: Portal) -> Outcome:
        if not portal.block(BLOCKED_BY_OPERATOR, note=reason[:LONGEST_NOTE]):
            return _failed("deleted")
        return Outcome(True, "blocked", "The portal is blocked: its people see that the vendor stopped it.")

    return _perform("block", portal, by, work)


def unblock(portal: Portal, by: str) -> Outcome:
    """Lift an operator's block. What Bitrix24 blocked is not lifted by wish: `verify` asks whether it is over."""
    return _perform("unblock", portal, by, _unblock)


def export(portal: Portal, by: str) -> Iterator[str]:
    """Everything we hold of a portal, its people's notes too, as the pieces of one JSON document; no token."""
    log.info("operator_act", act="export", portal=portal.member_id, by=by, ok=True, reason="exported")
    return data_export.stream(portal)


def erase(portal: Portal, by: str) -> Outcome:
    """Erase a portal with all that its people wrote, now and for good; one line of history stays.

    Whoever logs this act elsewhere must not repeat the portal's domain there.
    """
    return _perform("erase", portal, by, _erase)


def _perform(act: str, portal: Portal, by: str, work: Callable[[Portal], Outcome]) -> Outcome:
    with authorship.acting(by, portal.pk):
        outcome = _outcome(portal, work)
        CALLS.flush()  # whoever looks at the portal next sees what was asked
        log.info(
            "operator_act", act=act, portal=portal.member_id, by=by, ok=outcome.ok, reason=outcome.reason
        )
    return outcome


def _outcome(portal: Portal, work: Callable[[Portal], Outcome]) -> Outcome:
    try:
        portal.refresh_from_db(fields=["status", "status_reason", "installation"])
        return work(portal)
    except Portal.DoesNotExist:
        return _failed("portal_unknown")
    except NoToken:
        if not portal.tokens.alive().exists():
            portal.block("token_dead")
        return _failed("token_dead")
    except (RefreshPending, BindingFailed, Bitrix24Error) as error:
        return _explained(error)


def _explained(error: RefreshPending | BindingFailed | Bitrix24Error) -> Outcome:
    if isinstance(error, RefreshPending):
        text = f"A refresh is under way or failed just now ({error}): try again in {error.retry_after:.0f} s."
        return Outcome(False, "refresh_pending", text)
    if isinstance(error, BindingFailed):
        return Outcome(False, error.code, texts.OF_REASON.get(error.code, texts.BINDING_FAILED))
    return Outcome(False, error.code, texts.OF_DISPOSITION[error.disposition])


def _failed(reason: str) -> Outcome:
    return Outcome(False, reason, texts.OF_REASON[reason])


def _verify(portal: Portal) -> Outcome:
    if portal.status == Portal.Status.DELETED:
        return _failed("deleted")
    if _presence(portal) is Presence.GONE:
        # One answer ends nothing: it is parked as by the daily look, which ends it after a week.
        return _failed("not_installed" if portal.block(NOT_INSTALLED) else "moved_on")
    payment = payments.check(portal)
    if payment == payments.UNPAID:
        return _failed("unpaid")
    return _settled(portal, payment)


def _settled(portal: Portal, payment: str) -> Outcome:
    """Both servers answered: what blocked the portal is over."""
    portal.refresh_from_db(fields=["status", "status_reason"])
    if portal.status_reason == BLOCKED_BY_OPERATOR:
        return Outcome(True, "alive_but_blocked", "The installation is alive. An operator's block stands.")
    if portal.status != Portal.Status.ACTIVE and not portal.recover("verified"):
        lacking = portal.status_reason in ("address_lost", "token_dead")
        return _failed(portal.status_reason if lacking else "moved_on")
    if payment == payments.UNFINISHED:
        return Outcome(True, "unfinished", texts.UNFINISHED)
    return Outcome(
        True, "alive", "The installation is alive: the authorization server and the portal say so."
    )


def _presence(portal: Portal) -> Presence:
    try:
        return uninstall.presence(portal)
    except Bitrix24Error as error:
        row = consequences.consequence_of(error, Source.AUTHORIZATION_SERVER)
        consequences.carry_out(portal, row)
        raise


def _refresh(portal: Portal) -> Outcome:
    waiting = portal.tokens.alive().filter(spending_since__isnull=False).exists()
    if not pairs.make_due([portal]) and not waiting:
        raise NoToken(portal.member_id)
    count = 0
    failure: RefreshPending | Bitrix24Error | None = None
    for token_id, generation in portal.tokens.alive().order_by("-stored_at").values_list("pk", "generation"):
        try:
            pairs.refresh(token_id, spent_generation=generation)
            count += 1
        except NoToken:
            continue
        except (RefreshPending, Bitrix24Error) as error:
            failure = failure or error
    if failure:
        raise failure
    if not count:
        raise NoToken(portal.member_id)
    return Outcome(
        True, "refreshed", f"{count} token refreshed." if count == 1 else f"{count} tokens refreshed."
    )


def _reconcile(portal: Portal) -> Outcome:
    if portal.status != Portal.Status.ACTIVE:
        return _failed("not_active")
    install.reconcile(portal)
    missing = ", ".join(portal.handlers_missing)
    but = f", but for what it is too old to know: {missing}" if missing else ""
    return Outcome(True, "reconciled", f"The portal has the handlers we want{but}.")


def _unblock(portal: Portal) -> Outcome:
    if not portal.unblock():
        return _failed("not_blocked_by_operator")
    if portal.status == Portal.Status.ACTIVE:
        return Outcome(True, "unblocked", "The block is lifted: the portal works again.")
    return Outcome(
        True, portal.status_reason, f"The block is lifted. {texts.OF_REASON[portal.status_reason]}"
    )


def _erase(portal: Portal) -> Outcome:
    uninstall.erase_now(portal, reason="erased_by_operator")
    if Portal.objects.filter(pk=portal.pk).exists():
        return _failed("installed_again")
    return Outcome(True, "erased", "Everything we held of the portal is erased.")
