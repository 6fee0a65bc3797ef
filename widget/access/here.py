"""The first source of both answers: this process, which proved or read them within the last minute."""

from widget.access.answers import Identity, Rights
from widget.access.inquiry import Inquiry


class TokenHere:
    """Whose the token is."""

    def answer(self, inquiry: Inquiry) -> Identity | None:
        return inquiry.here and inquiry.good(inquiry.here[0])


class RightsHere:
    """What its viewer may do."""

    def answer(self, inquiry: Inquiry, identity: Identity) -> Rights | None:
        if inquiry.here is None or inquiry.here[0].viewer != identity.viewer:
            return None
        return inquiry.good(inquiry.here[1])
