"""What an open claims: who wants to see what. Nothing of it is proved."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from portals.bitrix24.payloads import DialogId, OpenRequest, PayloadError
from portals.refusals import Refusal


@dataclass(frozen=True)
class OpenClaim:
    """``expires_in`` is the lifetime of the token in seconds, as claimed; it can only shorten what is kept."""

    member_id: str
    access_token: str = field(repr=False)
    dialog_id: DialogId
    expires_in: int | None
    refresh_token: str | None = field(default=None, repr=False)
    application_token: str | None = field(default=None, repr=False)
    domain: str = ""

    @classmethod
    def of(cls, opened: OpenRequest) -> Self:
        """Raises: Refusal."""
        if opened.access_token is None:
            raise Refusal("token_missing")
        try:
            dialog_id = opened.dialog_id
        except PayloadError as error:
            raise Refusal(error.reason) from None
        return cls(
            opened.member_id,
            opened.access_token,
            dialog_id,
            opened.expires_in,
            opened.refresh_token,
            opened.application_token,
            opened.domain,
        )

    @cached_property
    def token_hash(self) -> str:
        """What stands for the token in keys."""
        return hashlib.sha256(self.access_token.encode()).hexdigest()
