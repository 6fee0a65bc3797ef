"""Authorization servers: the only trusted source of what a token is, the only receivers of our secret.

Bitrix24 has two, by region, and each portal has one of them: ``SERVER_ENDPOINT`` in the form of an open names it,
and ``server_endpoint`` in events and answers about tokens. Whether one knows the tokens of the other's portals is
not documented (portal source, rest/lib/Internal/Service/OAuth/AuthorizationServerUrlResolver.php, May 2026).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from portals.bitrix24.answers import Answer
from portals.bitrix24.errors import BadAnswer, ClientRefused, GrantDead, PortalGone, PortalMoved, TokenDead
from portals.bitrix24.payloads import AppInfo, TokenPair
from portals.bitrix24.transport import Transport

T = TypeVar("T")

_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Calls to one authorization server; ``base_url`` is an origin such as ``https://oauth.bitrix.info``.

    ``subject`` is what they are about, for the transport's guard.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    transport: Transport = field(repr=False)
    subject: str = ""

    def refresh(self, refresh_token: str, *, deadline: float = _SECONDS) -> TokenPair:
        """Spend ``refresh_token`` and return the new pair: one attempt, the caller owns what follows.

        ``deadline`` is in seconds. A form, not the documented GET, keeps the secret out of URLs (the official
        SDKs do the same). The caller checks ``member_id`` of the answer.
        Raises: GrantDead, ClientRefused, Unpaid, NotInstalled and the rest of the family.
        Source: Bitrix24 REST docs, "OAuth 2.0: refreshing tokens".
        """
        form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client_id),
            ("client_secret", self.client_secret),
            ("refresh_token", refresh_token),
        ]
        pair = TokenPair.parse(self._post("/oauth/token/", form, deadline, "oauth.token").body)
        return replace(pair, authorization_server=self.base_url)

    def app_info(self, access_token: str, *, deadline: float = _SECONDS) -> AppInfo:
        """Whose ``access_token`` is: client, portal, user, and the state of the installation.

        ``deadline`` is in seconds.
        Raises: TokenDead for a token the server does not know, TokenExpired, and the rest of the family.
        Source: Bitrix24 REST docs, "app.info".
        """
        try:
            answer = self._post("/rest/app.info", [("auth", access_token)], deadline, "oauth.app.info")
        except ClientRefused as error:
            # No client took part in this request, so "invalid_client" can only be about the token.
            raise TokenDead(error.code, http_status=error.http_status) from None
        return replace(AppInfo.parse(answer.body.get("result")), authorization_server=self.base_url)

    def _post(self, path: str, form: list[tuple[str, str]], deadline: float, method: str) -> Answer:
        url = f"{self.base_url.rstrip('/')}{path}"
        try:
            return self.transport.post(url, form=form, deadline=deadline, method=method, subject=self.subject)
        except PortalMoved as error:
            raise BadAnswer("redirect_unexpected", http_status=error.http_status) from None
        except PortalGone as error:
            if error.code.startswith("http_"):
                # Said by a status or page alone it is about this server: one of its outages must not end portals.
                raise BadAnswer(error.code, http_status=error.http_status) from None
            raise


@dataclass(frozen=True, slots=True)
class AuthorizationServers:
    """Those that may know a token, the likeliest first: the next one is asked if one does not know it.

    A refresh token is still spent once: who does not know it has not spent it. The answer names its
    ``authorization_server``; ``deadline``, in seconds, is for all of them together.
    """

    servers: tuple[AuthorizationServer, ...]

    def refresh(self, refresh_token: str, *, deadline: float = _SECONDS) -> TokenPair:
        """See `AuthorizationServer.refresh`."""
        return self._ask(lambda server, left: server.refresh(refresh_token, deadline=left), deadline)

    def app_info(self, access_token: str, *, deadline: float = _SECONDS) -> AppInfo:
        """See `AuthorizationServer.app_info`."""
        return self._ask(lambda server, left: server.app_info(access_token, deadline=left), deadline)

    def _ask(self, question: Callable[[AuthorizationServer, float], T], deadline: float) -> T:
        """Raises: TokenDead if none knows the token, GrantDead only if all of them say so; if one did not answer,
        its error: perhaps that one does."""
        end = time.monotonic() + deadline
        refusals: list[TokenDead] = []
        for server in self.servers:
            try:
                return question(server, end - time.monotonic())
            except TokenDead as error:
                refusals.append(error)
        raise min(refusals, key=lambda error: isinstance(error, GrantDead))
