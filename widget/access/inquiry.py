"""One open on its way through the line: what is asked, and what has been answered so far."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self, TypeVar

from portals.bitrix24.errors import ServerTrouble, Unreachable
from portals.bitrix24.payloads import AppInfo, DialogKind
from portals.lifecycle import visits
from portals.lifecycle.placements import SidebarSettings
from portals.models import Portal
from widget.access import audience, kept
from widget.access.answers import MAY_FRESH, STALE, Answer, Identity, Rights
from widget.access.claim import OpenClaim
from widget.access.kept import OfToken, OfViewer
from widget.models import Chat

A = TypeVar("A", bound=Answer)

# All that an open asks, together: a person looks at an empty panel meanwhile.
_SECONDS: Final = 10.0


class Away(Exception):
    """The portal was called and cannot be reached; ``error`` says how. What we hold back ourselves is not this."""

    def __init__(self, error: Unreachable | ServerTrouble) -> None:
        super().__init__(error.code)
        self.error = error


@dataclass
class Inquiry:
    """``revision`` is that of the chat, None if it did not come along; ``here`` is what this process remembers.

    ``away`` is set once the portal was found so, ``holder`` once the authorization server has named the token's.
    """

    claim: OpenClaim
    portal: Portal
    revision: int | None = None
    here: tuple[Identity, Rights] | None = None
    away: Away | None = None
    holder: AppInfo | None = None
    holder_asked: bool = False
    rights: Rights | None = None
    begun: float = field(default_factory=time.monotonic)
    _viewers: dict[int, OfViewer] = field(default_factory=dict)

    @classmethod
    def about(cls, claim: OpenClaim) -> Self:
        """With the portal, if it may be opened: one query, for the chat's revision too. Raises: Refusal."""
        here = kept.remembered(claim)
        if here is not None:
            found = Chat.objects.opened(here[1].chat, claim.member_id)
            if found is not None:
                portal, revision = found
                visits.require_open(portal)
                inquiry = cls(claim, portal, revision, here)
                if all(inquiry.good(answer) for answer in here):
                    return inquiry
        return cls(claim, visits.portal_for(claim.member_id))

    @property
    def left(self) -> float:
        """Seconds that somebody may still be waited for."""
        return max(0.5, _SECONDS - (time.monotonic() - self.begun))

    def wait_for(self, away: Away) -> None:
        """The portal is away: answers of the last hour count from now on."""
        self.away = away

    @property
    def epoch(self) -> float:
        return self.portal.status_changed_at.timestamp()

    @property
    def is_group(self) -> bool:
        """Whether the dialog is the same chat for everybody: a number names the other person of a private one."""
        return self.claim.dialog_id.kind is not DialogKind.USER

    @cached_property
    def sidebar(self) -> SidebarSettings:
        """For whom the portal's administrators want the notebook."""
        return SidebarSettings.of(self.portal.placement_settings)

    @cached_property
    def of_token(self) -> OfToken:
        """What all processes know about the token."""
        return kept.of_token(self.claim)

    def of(self, viewer: int) -> OfViewer:
        """What all processes know about a viewer and the dialog."""
        if viewer not in self._viewers:
            self._viewers[viewer] = kept.of_viewer(self.claim, viewer)
        return self._viewers[viewer]

    def lately(self, moment: float) -> bool:
        """Whether rights of that moment may still count."""
        return moment > self.epoch and time.time() - moment < (STALE if self.away else MAY_FRESH)

    def good(self, answer: A | None) -> A | None:
        """An answer, if it counts today and says as much as this portal's settings need to know."""
        if answer is None or not answer.is_good(self.epoch, stale=self.away is not None):
            return None
        if isinstance(answer, Identity) and not audience.can_judge(self.sidebar, answer.admin):
            return None
        return answer
