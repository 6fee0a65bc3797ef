"""What a person is told when we refuse, by reason code: one table for all frames and for the log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portals.bitrix24.errors import Bitrix24Error, Disposition, RateLimited, TimeBudgetSpent

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal as people see it; ``retry_after`` in seconds makes the page try again by itself."""

    status: int
    title: Text
    message: Text
    hint: Text = ""
    retry_after: int | None = None


class Refusal(Exception):
    """The request is answered with the page of ``reason``; ``detail`` is for the log only, never a secret.

    ``retry_after`` in seconds: when it is worth trying again, where that is known better than in general.
    """

    def __init__(self, reason: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after

    @property
    def explanation(self) -> Explanation:
        """With the time to wait that this refusal knows, if its page tries again at all."""
        said = EXPLANATIONS.get(self.reason, UNREADABLE)
        if said.retry_after is None or self.retry_after is None:
            return said
        return replace(said, retry_after=max(1, ceil(self.retry_after)))


_FROM_BITRIX24 = _("Open this page from Bitrix24, it cannot be used by itself.")
_ASK_ADMIN = _(
    "An administrator of your Bitrix24 brings it back by opening Chat Notebook in the list of applications. If that"
    " does not help, it has to be deleted there and installed again."
)

UNREADABLE = Explanation(
    400,
    _("This request cannot be read"),
    _("Bitrix24 did not send everything we need, or something changed it on the way."),
    _FROM_BITRIX24,
)

EXPLANATIONS: Mapping[str, Explanation] = {
    "body_too_large": Explanation(
        413,
        _("This request is too large"),
        _("It is far larger than anything Bitrix24 sends."),
        _FROM_BITRIX24,
    ),
    "token_missing": Explanation(
        401,
        _("Bitrix24 did not say who you are"),
        _("The page was opened without a sign-in. This happens when REST is off in your Bitrix24's plan."),
        _("Close the panel and open it again; if it stays like this, ask your administrator."),
    ),
    "token_expired": Explanation(
        401,
        _("The page was open for too long"),
        _("Bitrix24's sign-in for it has ended."),
        _("It opens again in a moment."),
        retry_after=2,
    ),
    "token_refused": Explanation(
        403,
        _("Bitrix24 does not recognise this sign-in"),
        _("It may belong to another Bitrix24, or it was withdrawn."),
        _("Close the panel and open it again."),
    ),
    "foreign_application": Explanation(
        403,
        _("This sign-in belongs to another application"),
        _("Only Chat Notebook itself may open the notebook."),
        _FROM_BITRIX24,
    ),
    "foreign_portal": Explanation(
        403,
        _("This sign-in belongs to another Bitrix24"),
        _("Its address and the sign-in do not fit together."),
        _FROM_BITRIX24,
    ),
    "portal_unknown": Explanation(
        404, _("Chat Notebook is not installed here"), _("We do not know this Bitrix24."), _ASK_ADMIN
    ),
    "not_installed": Explanation(
        403,
        _("Chat Notebook is not installed here"),
        _("Bitrix24 told us that it was removed, or its installation is not finished."),
        _ASK_ADMIN,
    ),
    "portal_blocked": Explanation(
        403,
        _("Chat Notebook is switched off here"),
        _("The vendor has stopped the application for this Bitrix24."),
        _("Ask your administrator to contact the vendor."),
    ),
    "unpaid": Explanation(
        402,
        _("The subscription has ended"),
        _("Your notes are kept."),
        _("An administrator can renew it in Bitrix24 under Applications."),
    ),
    "portal_gone": Explanation(
        503,
        _("Your Bitrix24 does not answer at its address"),
        _("The address we know of no longer belongs to it."),
        _("Close the panel and open it again; if it stays like this, ask your administrator."),
    ),
    "portal_unreachable": Explanation(
        503,
        _("Your Bitrix24 does not answer"),
        _("We could not ask it just now. What was saved is safe."),
        _("This page tries again by itself."),
        retry_after=5,
    ),
    "portal_slow": Explanation(
        503,
        _("Your Bitrix24 is slow right now"),
        _("Many people are waiting for its answer."),
        _("This page tries again by itself."),
        retry_after=5,
    ),
    "certificate_refused": Explanation(
        503,
        _("The certificate of your Bitrix24 is not valid"),
        _("We only talk to a Bitrix24 whose TLS certificate is valid and signed by a public authority."),
        _("Ask whoever runs your Bitrix24 to renew its certificate."),
    ),
    "busy": Explanation(
        503,
        _("Just a moment"),
        _("Many people have opened a page, and your Bitrix24 answers only a few requests at a time."),
        _("This page tries again by itself."),
        retry_after=5,
    ),
    "asked_too_often": Explanation(
        429,
        _("Just a moment"),
        _("This panel has asked your Bitrix24 very often within a minute."),
        _("This page tries again by itself."),
        retry_after=60,
    ),
    "too_many_failures": Explanation(
        429,
        _("Just a moment"),
        _("Bitrix24 refused very many sign-ins from your network within a minute."),
        _("This page tries again by itself."),
        retry_after=30,
    ),
    "unavailable": Explanation(
        503,
        _("Just a moment"),
        _("We cannot reach our own data right now. What was saved is safe."),
        _("This page tries again by itself."),
        retry_after=5,
    ),
    "no_access": Explanation(
        403,
        _("You have no access to this chat"),
        _("A notebook is open to those who can read its chat in Bitrix24."),
        _("Ask a member of the chat to add you."),
    ),
    "rest_unavailable": Explanation(
        403,
        _("Your Bitrix24 does not let applications in"),
        _("Applications need REST, which Bitrix24 offers in commercial plans only."),
        _("Ask an administrator of your Bitrix24 to look at its plan."),
    ),
    "application_denied": Explanation(
        403,
        _("You have no access to Chat Notebook"),
        _("Your Bitrix24 decides who may use an application."),
        _("Ask an administrator of your Bitrix24 to give you access to it."),
    ),
    "confirmation_waiting": Explanation(
        403,
        _("An administrator has to allow this first"),
        _("Your Bitrix24 asks an administrator before Chat Notebook may work."),
        _("Ask an administrator of your Bitrix24 to confirm the request, then open this page again."),
    ),
    "employees_only": Explanation(
        403,
        _("This notebook is for employees"),
        _("Your administrator has not opened Chat Notebook for guests from outside the company."),
    ),
    "administrators_only": Explanation(
        403,
        _("This notebook is for administrators"),
        _("Your administrator has opened Chat Notebook for administrators only."),
    ),
    "context_excluded": Explanation(
        403,
        _("There is no notebook in chats of this kind"),
        _("Your administrator has chosen other kinds of chats for Chat Notebook."),
    ),
    "not_administrator": Explanation(
        403,
        _("Only an administrator can install applications"),
        _("Installing adds an item to everybody's chats, so Bitrix24 asks for administrator rights."),
        _("Ask an administrator of your Bitrix24 to install Chat Notebook."),
    ),
    "scope_missing": Explanation(
        403,
        _("The application lacks a permission"),
        _("Chat Notebook needs the permissions “Chat and Notifications” (im) and “Placements” (placement)."),
        _("The vendor has to add them to the application's card; then install it again."),
    ),
    "portal_too_old": Explanation(
        409,
        _("Your Bitrix24 is too old for Chat Notebook"),
        _(
            "It does not know the place in the sidebar of chats where the notebook is shown. Nothing was stored."
        ),
        _("Update your Bitrix24, then try again."),
    ),
    "binding_failed": Explanation(
        502,
        _("Bitrix24 did not accept the sidebar item"),
        _("Nothing was stored, so you can simply try again."),
        _("If it happens again, tell the vendor the code below."),
    ),
    "misconfigured": Explanation(
        503,
        _("Chat Notebook is not set up correctly"),
        _("The vendor has to correct a setting; you have done nothing wrong."),
        _("Tell the vendor the code below."),
    ),
    "unexpected": Explanation(
        502,
        _("Bitrix24 gave an unexpected answer"),
        _("Nothing was changed."),
        _("Try again; if it happens again, tell the vendor the code below."),
    ),
}

_REASONS: Mapping[Disposition, str] = {
    Disposition.RETRY_LATER: "portal_unreachable",
    Disposition.REFRESH_TOKEN: "token_expired",
    Disposition.TOKEN_DEAD: "token_refused",
    Disposition.NOT_INSTALLED: "not_installed",
    Disposition.UNPAID: "unpaid",
    Disposition.PORTAL_GONE: "portal_gone",
    Disposition.PORTAL_MOVED: "portal_gone",
    Disposition.DENIED: "application_denied",
    Disposition.AWAIT_CONFIRMATION: "confirmation_waiting",
    Disposition.MISCONFIGURED: "misconfigured",
    Disposition.BUG: "unexpected",
}
# Codes of our own limits; ``token_busy`` is about the one who asks.
_OWN_LIMITS: Mapping[str, str] = {"token_busy": "asked_too_often", "portal_crowded": "portal_slow"}

# Causes that people have to be told more exactly. ``access_denied`` of a whole request: the plan is without REST
# (Bitrix24 REST docs, "Error codes", August 2026: "REST API is available only on commercial plans").
_REASONS_BY_CODE: Mapping[str, str] = {
    "access_denied": "rest_unavailable",
    "certificate_refused": "certificate_refused",
    "not_administrator": "not_administrator",
    "foreign_application": "foreign_application",
}


def refusal_for(error: Bitrix24Error) -> Refusal:
    """What a failed call means to the person who waits for it; not for calls that ask about a chat."""
    reason = _REASONS_BY_CODE.get(error.code) or _REASONS[error.disposition]
    if isinstance(error, RateLimited | TimeBudgetSpent):
        reason = _OWN_LIMITS.get(error.code, "busy")
    return Refusal(reason, detail=str(error), retry_after=error.retry_after)
