"""The second source of both answers: what any process proved."""

from widget.access.answers import Identity, Rights
from widget.access.inquiry import Inquiry


class TokenEverywhere:
    """Whose the token is. A token seen before is a reload: each time Bitrix24 shows us it makes a new one."""

    def answer(self, inquiry: Inquiry) -> Identity | None:
        identity = inquiry.good(inquiry.of_token.identity)
        if identity is None or identity.at <= inquiry.of(identity.viewer).refused_at:
            return None
        return identity


class RightsEverywhere:
    """What the viewer may do: the portal's word about this very person."""

    def answer(self, inquiry: Inquiry, identity: Identity) -> Rights | None:
        known = inquiry.of(identity.viewer)
        rights = inquiry.good(known.rights)
        return rights if rights and rights.at > known.refused_at else None
