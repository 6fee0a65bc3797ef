"""The authorization server: the only trusted source of what a token is, the only receiver of our secret."""

from dataclasses import dataclass, field
from typing import Final

from portals.bitrix24.answers import Answer
from portals.bitrix24.errors import BadAnswer, ClientRefused, PortalGone, PortalMoved, TokenDead
from portals.bitrix24.payloads import AppInfo, TokenPair
from portals.bitrix24.transport import Transport

_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Calls to one authorization server; ``base_url`` is an origin such as ``https://oauth.bitrix.info``."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    transport: Transport = field(repr=False)

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
        return TokenPair.parse(self._post("/oauth/token/", form, deadline, "oauth.token").body)

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
        return AppInfo.parse(answer.body.get("result"))

    def _post(self, path: str, form: list[tuple[str, str]], deadline: float, method: str) -> Answer:
        url = f"{self.base_url.rstrip('/')}{path}"
        try:
            return self.transport.post(url, form=form, deadline=deadline, method=method)
        except PortalMoved as error:
            raise BadAnswer("redirect_unexpected", http_status=error.http_status) from None
        except PortalGone as error:
            if error.code.startswith("http_"):
                # Said by a status or page alone it is about this server: one of its outages must not end portals.
                raise BadAnswer(error.code, http_status=error.http_status) from None
            raise
