"""What an operator may press on a portal's page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget  # type: ignore[import-untyped]

from portals.bitrix24.errors import Bitrix24Error
from portals.models import BLOCKED_BY_OPERATOR, Portal
from portals.operations import actions, inspection
from portals.operations.actions import Outcome
from portals.tokens.pairs import NoToken, RefreshPending


class Confirmation(forms.Form):
    """Nothing to fill in: the button is the answer."""

    def __init__(self, *args: Any, portal: Portal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.portal = portal


class BlockForm(Confirmation):
    """Why, for the operators who come after."""

    reason = forms.CharField(
        max_length=actions.LONGEST_NOTE,
        label="Why",
        help_text="Other operators read it in the portal's history.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class EraseForm(Confirmation):
    """Whoever erases types what is erased."""

    domain = forms.CharField(label="", widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["domain"].label = f"Type {name_of(self.portal)} to confirm"

    def clean_domain(self) -> str:
        typed: str = self.cleaned_data["domain"].strip()
        if typed != name_of(self.portal):
            raise forms.ValidationError("This is not the name of the portal you are about to erase.")
        return typed


@dataclass(frozen=True, slots=True)
class Act:
    """A button. ``form`` makes it ask first; ``warning`` is what it does to people, said before it does."""

    title: str
    icon: str
    run: Callable[[Portal, str, Mapping[str, Any]], Outcome]
    offered: Callable[[Portal], bool]
    form: type[Confirmation] | None = None
    warning: str = ""
    danger: bool = False

    @property
    def asks(self) -> bool:
        """Whether it asks before it does anything."""
        return self.form is not None


def name_of(portal: Portal) -> str:
    """What an operator types; a portal whose address passed to another has its `member_id` only."""
    return portal.domain or portal.member_id


def _compare(portal: Portal, by: str, _: Mapping[str, Any]) -> Outcome:
    del by  # looking leaves no trace but the calls
    try:
        comparison = inspection.compare(portal)
    except NoToken:
        return Outcome(False, "token_dead", "No token works, so the portal cannot be asked.")
    except RefreshPending as pending:
        return Outcome(False, "refresh_pending", f"Its token is being refreshed ({pending}): try again.")
    except Bitrix24Error as error:
        return Outcome(False, error.code, "The portal did not say what it has bound.")
    wrong = inspection.differing(comparison)
    if not wrong:
        return Outcome(True, "as_wanted", "The portal has what we want.")
    return Outcome(True, "not_as_wanted", f"The portal differs in {wrong} of its handlers: reconcile them.")


def _has_endpoint(portal: Portal) -> bool:
    return portal.status != Portal.Status.DELETED


def _blocked_by_us(portal: Portal) -> bool:
    return portal.status_reason == BLOCKED_BY_OPERATOR


ACTS: Final[Mapping[str, Act]] = {
    "verify": Act(
        "Verify now",
        "verified",
        lambda portal, by, _: actions.verify(portal, by),
        _has_endpoint,
    ),
    "refresh": Act(
        "Refresh now",
        "autorenew",
        lambda portal, by, _: actions.refresh(portal, by),
        _has_endpoint,
    ),
    "reconcile": Act(
        "Reconcile handlers",
        "build",
        lambda portal, by, _: actions.reconcile(portal, by),
        lambda portal: portal.status == Portal.Status.ACTIVE,
    ),
    "compare": Act(
        "Compare handlers",
        "rule",
        _compare,
        _has_endpoint,
    ),
    "block": Act(
        "Block",
        "block",
        lambda portal, by, answers: actions.block(portal, by, answers["reason"]),
        lambda portal: _has_endpoint(portal) and not _blocked_by_us(portal),
        form=BlockForm,
        warning="Everybody at this portal loses the notebook at once and reads that the vendor stopped it. "
        "Nothing is deleted; unblocking brings it back.",
        danger=True,
    ),
    "unblock": Act(
        "Unblock",
        "lock_open",
        lambda portal, by, _: actions.unblock(portal, by),
        _blocked_by_us,
    ),
    "erase": Act(
        "Erase",
        "delete_forever",
        lambda portal, by, _: actions.erase(portal, by),
        lambda portal: True,
        form=EraseForm,
        warning="Every note, revision and checklist of this portal, its tokens, events and calls are "
        "deleted for good. There is no way back but a backup. The application stays installed in Bitrix24 until an "
        "administrator removes it there.",
        danger=True,
    ),
}
