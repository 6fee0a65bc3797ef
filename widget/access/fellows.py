"""A fellow member's look: when the portal told one of a group chat who is in it, it told so of all of them.

So a chat of hundreds that open it in the same minutes costs the portal one request. A look counts for those it
names, and not for whom the portal has refused since.
"""

from widget.access.answers import Identity, Rights
from widget.access.inquiry import Inquiry


class FellowMember:
    """What the viewer may do, by who is in the chat."""

    def answer(self, inquiry: Inquiry, identity: Identity) -> Rights | None:
        known = inquiry.of(identity.viewer)
        look = inquiry.good(known.look)
        return look.rights_of(identity.viewer) if look and look.at > known.refused_at else None
