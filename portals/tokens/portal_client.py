"""Calls to a portal with its own token, when nobody is looking."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from portals.bitrix24.errors import Bitrix24Error, NotAdministrator, TokenDead, TokenExpired
from portals.bitrix24.rest import CALL_SECONDS, BatchResult, Command, Params, RestClient
from portals.models import Portal, PortalToken
from portals.outgoing import addresses, consequences
from portals.outgoing.consequences import Source
from portals.tokens import pairs

T = TypeVar("T")


class PortalClient:
    """`RestClient` of a portal's primary token: fetched when needed, refreshed once if the portal refuses it.

    All raise NoToken and RefreshPending besides Bitrix24Error; what an error means for token and portal has been
    carried out by then.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._token: PortalToken | None = None

    def call(self, method: str, params: Params | None = None, *, deadline: float = CALL_SECONDS) -> object:
        """As `RestClient.call`."""
        return self._through(lambda client: client.call(method, params, deadline=deadline))

    def batch(
        self, commands: Mapping[str, Command], *, halt: bool = False, deadline: float = CALL_SECONDS
    ) -> BatchResult:
        """As `RestClient.batch`."""
        return self._through(lambda client: client.batch(commands, halt=halt, deadline=deadline))

    def as_administrator(self, work: Callable[[RestClient], T]) -> T:
        """Run ``work``, which raises NotAdministrator for a token that may not do it: then it is done with another
        one that nobody has refused, as long as there is one. May run ``work`` again after a part of it."""
        while True:
            try:
                return self._through(work)
            except NotAdministrator:
                self._token = None
                if not pairs.unrefused(self._portal):
                    raise

    def _through(self, work: Callable[[RestClient], T]) -> T:
        token = self._token = self._token or pairs.current(self._portal)
        try:
            return self._try(work, token)
        except (TokenExpired, TokenDead) as refusal:
            self._token = None
            token = self._token = self._confirmed(token, refusal)
        try:
            return self._try(work, token)
        except TokenDead as refusal:
            self._token = None
            pairs.refused_by_portal(token, refusal)
            raise

    def _try(self, work: Callable[[RestClient], T], token: PortalToken) -> T:
        try:
            return addresses.ask(self._portal, token.access_token, work, background=True)
        except (TokenExpired, TokenDead):
            raise
        except Bitrix24Error as error:
            pairs.refused_by_portal(token, error)
            raise

    def _confirmed(self, token: PortalToken, refusal: TokenExpired | TokenDead) -> PortalToken:
        """The token, refreshed: only the authorization server knows whether it lives.

        Whoever calls it dead may be a stranger at an address that was the portal's once, so before the new one is
        sent the address is confirmed too. That a token has expired is said every day.
        """
        token = pairs.refresh(token.pk, spent_generation=token.generation)
        if isinstance(refusal, TokenDead):
            try:
                addresses.confirm(self._portal, token.access_token)
            except Bitrix24Error as error:
                row = consequences.consequence_of(error, Source.AUTHORIZATION_SERVER)
                consequences.carry_out(self._portal, row)
                raise
        return token
