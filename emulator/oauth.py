"""The authorization server: tokens and app.info (REST docs: "OAuth 2.0")."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator import faults
from emulator.clock import iso, times
from emulator.errors import ApiError
from emulator.installations import Application
from emulator.params import Params, overlay, read_params
from emulator.recorder import Recorder
from emulator.state import ACCESS_LIFETIME, Portal, Token, World
from emulator.switches import Fault


@dataclass
class OAuthServer:
    """`/oauth/token/` and `/rest/app.info` of an authorization server.

    ``port`` is where it listens: whose portals' tokens it knows.
    """

    world: World
    recorder: Recorder
    port: int

    async def handle(self, request: Request) -> Response:
        """Answer one request to the authorization server and record it."""
        path = request.url.path.lower().rstrip("/").removesuffix(".json")
        method = {"/oauth/token": "oauth.token", "/rest/app.info": "app.info"}.get(path, "")
        delay, error = faults.take(self.world.oauth_faults.setdefault(self.port, Fault()))
        if delay:
            await asyncio.sleep(delay)
        params: dict[str, Any] = {}
        portal = ""
        try:
            params = await read_params(request)
            if error:
                response = faults.answer(error, "oauth")
            else:
                portal, body = self._answer(method, Params(params))
                response = JSONResponse(body)
        except ApiError as failure:
            response = JSONResponse(failure.body(), failure.status)
        self.recorder.add(
            at=self.world.clock.now(),
            kind="oauth",
            portal=portal,
            method=method,
            http=request.method,
            host=request.url.netloc,
            path=request.url.path,
            params=params,
            status=response.status_code,
        )
        return response

    def _answer(self, method: str, params: Params) -> tuple[str, dict[str, Any]]:
        """Portal key and body."""
        if method == "oauth.token":
            token = self._grant(params)
            return token.portal_key, self._pair(token)
        if method == "app.info":
            return self._app_info(params)
        raise ApiError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")

    def _grant(self, params: Params) -> Token:
        grant = params.text("grant_type")
        if not grant:
            raise ApiError(400, "invalid_request", 'No "grant_type" parameter found')
        application = self.world.applications.get(params.text("client_id"))
        if application is None:
            raise ApiError(200, "wrong_client")
        if params.text("client_secret") != application.client_secret:
            raise ApiError(400, "invalid_client", "Invalid client secret")
        if grant == "refresh_token":
            return self._refresh(application, params.text("refresh_token"))
        raise ApiError(400, "invalid_request", "Unsupported grant type")

    def _refresh(self, application: Application, refresh_token: str) -> Token:
        """Spend a refresh token. The access token issued with it lives on until it expires."""
        if not refresh_token:
            raise ApiError(400, "invalid_request", 'No "refresh_token" parameter found')
        world = self.world
        token = self._known(world.by_refresh.get(refresh_token))
        if token is None:
            if refresh_token in world.spent_refresh:
                world.refresh_reuse += 1
            raise ApiError(400, "invalid_grant", "Invalid refresh token")
        if token.client_id != application.client_id or token.refresh_expires <= world.clock.now():
            raise ApiError(400, "invalid_grant", "Invalid refresh token")
        portal = self._served(token.portal_key, application)
        if token.refresh_revoked:
            raise ApiError(400, "invalid_grant", "Invalid refresh token")
        del world.by_refresh[refresh_token]
        token.refresh_revoked = True
        world.spent_refresh.add(refresh_token)
        return world.issue_token(portal, token.user_id, application.client_id)

    def _served(self, portal_key: str, application: Application) -> Portal:
        """The portal, if the application is on it and paid for."""
        portal = self.world.portals[portal_key]
        installation = portal.installation(application.client_id)
        if installation is None:
            raise self._not_installed()
        if not installation.paid:
            raise ApiError(401, "PAYMENT_REQUIRED", "Payment required")
        return portal

    def _pair(self, token: Token) -> dict[str, Any]:
        portal = self.world.portals[token.portal_key]
        return {
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expires": int(token.expires),
            "expires_in": ACCESS_LIFETIME,
            "scope": token.scope,
            "domain": f"localhost:{self.port}",
            "server_endpoint": self.world.server_endpoint(portal),
            "status": portal.installations[token.client_id].status,
            "client_endpoint": portal.client_endpoint,
            "member_id": portal.member_id,
            "user_id": token.user_id,
        }

    def _app_info(self, params: Params) -> tuple[str, dict[str, Any]]:
        start = self.world.clock.now()
        token, portal = self._living(params.text("auth") or params.text("access_token"))
        installation = portal.installations[token.client_id]
        install = {
            "installed": installation.installed,
            "version": installation.version,
            "status": installation.status,
            "scope": ",".join(installation.scope),
            "domain": portal.domain,
            "uri": portal.url,
            "client_endpoint": portal.client_endpoint,
            "member_id": portal.member_id,
            "member_type": "cp",
        }
        result = {
            "client_id": token.client_id,
            "scope": token.scope,
            "expires": iso(token.expires),
            "install": install,
            "user_id": token.user_id,
        }
        result = overlay(result, self.world.contradictions.get(portal.member_id, {}))
        return portal.key, {"result": result, "time": times(start, self.world.clock.now())}

    def _known(self, token: Token | None) -> Token | None:
        """The token, if its portal is one of ours."""
        ours = token and self.world.oauth_port_of(self.world.portals[token.portal_key]) == self.port
        return token if ours else None

    def _living(self, access_token: str) -> tuple[Token, Portal]:
        """A token that is worth something, and its portal."""
        token = self._known(self.world.tokens.get(access_token))
        if token is None:
            raise ApiError(401, "NO_AUTH_FOUND", "Wrong authorization data")
        portal = self.world.portals[token.portal_key]
        expired = token.expires <= self.world.clock.now()
        if expired and self.world.authority.expiry_first:
            raise _expired()
        if portal.installation(token.client_id) is None:
            raise self._not_installed()
        if token.access_revoked:
            raise ApiError(401, "invalid_token", "Unable to get application by token")
        if expired:
            raise _expired()
        return token, portal

    def _not_installed(self) -> ApiError:
        if self.world.authority.invalid_client:
            return ApiError(400, "invalid_client", "Invalid client")
        return ApiError(401, "NOT_INSTALLED", "Application not installed")


def _expired() -> ApiError:
    return ApiError(401, "expired_token", "The access token provided has expired.")
