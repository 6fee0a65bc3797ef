"""HTTP of a portal's REST: address, authorization, limits, envelope."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator import faults
from emulator.errors import ApiError
from emulator.limits import Limits
from emulator.params import Params, read_params
from emulator.recorder import Recorder
from emulator.rest import disk
from emulator.rest.batch import commanded
from emulator.rest.envelope import timing
from emulator.rest.registry import Caller, run
from emulator.state import Portal, Token, User, World

ALLOWED_HEADERS = ("origin", "content-type", "accept")
# Documentation and portal source disagree on these; old portals follow the source.
OLD_STATUSES = {"insufficient_scope": 401, "user_access_error": 401}
_PATH = re.compile(r"^/rest/(?P<method>[\w.]+?)(?:\.json)?/?$", re.IGNORECASE)


@dataclass
class RestServer:
    """REST of every portal of the world."""

    world: World
    recorder: Recorder
    limits: Limits

    async def handle(self, request: Request, portal: Portal) -> Response:
        """Answer one request to `/rest/…` of a portal and record it."""
        params: dict[str, Any] = {}
        match = _PATH.match(request.url.path)
        name = match["method"].lower() if match else ""
        try:
            params = await read_params(request)
            slow = portal.fault.method
            delay, error = faults.take(portal.fault, [name, *commanded(params)])
            if delay:
                await asyncio.sleep(delay)
            if error:
                response = faults.answer(error, "portal")
            else:
                response = self._answer(request, portal, name, params, slowness={slow or name: delay})
        except ApiError as failure:
            old = portal.generation == "old"
            status = OLD_STATUSES.get(failure.code, failure.status) if old else failure.status
            response = JSONResponse(failure.body(), status)
        response.headers["X-Content-Type-Options"] = "nosniff"
        self.recorder.add(
            at=self.world.clock.now(),
            kind="rest",
            portal=portal.key,
            method=name,
            http=request.method,
            host=request.url.netloc,
            path=request.url.path,
            params=params,
            status=response.status_code,
        )
        return response

    def _answer(
        self,
        request: Request,
        portal: Portal,
        name: str,
        raw: dict[str, Any],
        *,
        slowness: dict[str, float],
    ) -> Response:
        start = self.world.clock.now()
        source = request.client.host if request.client else ""
        if not self.limits.allow(portal.bucket, portal.key, source, start):
            raise ApiError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        params = Params(raw)
        caller = self._caller(portal, _token_of(request, params), slowness)
        if name == "download":
            return Response(disk.download(caller, params), media_type="application/octet-stream")
        answer = run(caller, name, params)
        body: dict[str, Any] = {"result": answer.result}
        if answer.next is not None:
            body["next"] = answer.next
        if answer.total is not None:
            body["total"] = answer.total
        return JSONResponse(body | {"time": timing(caller, name, start)})

    def _caller(self, portal: Portal, access_token: str, slowness: dict[str, float]) -> Caller:
        token = self._valid_token(portal, access_token)
        application = self.world.applications.get(token.client_id)
        if application is None:
            raise ApiError(401, "APPLICATION_NOT_FOUND", "Application not found")
        installation = portal.installation(token.client_id)
        if installation is None:
            raise ApiError(401, "ERROR_OAUTH", "Application not installed")
        if not installation.paid:
            raise ApiError(401, "PAYMENT_REQUIRED", "Payment required")
        user = _active_user(portal, token.user_id)
        if installation.access is not None and not user.admin and user.id not in installation.access:
            raise ApiError(403, "user_access_error", "The user does not have access to the application.")
        return Caller(
            self.world,
            portal,
            user,
            frozenset(token.scope.split(",")),
            self.limits,
            access_token,
            application,
            installation,
            slowness,
        )

    def _valid_token(self, portal: Portal, access_token: str) -> Token:
        if not access_token:
            raise ApiError(401, "NO_AUTH_FOUND", "Wrong authorization data")
        token = self.world.tokens.get(access_token)
        if token is None or token.portal_key != portal.key:
            raise ApiError(401, "invalid_token", "Unable to get application by token")
        if token.access_revoked and portal.installation(token.client_id):
            raise ApiError(401, "invalid_token", "Unable to get application by token")
        if token.expires <= self.world.clock.now() and not token.access_revoked:
            raise ApiError(401, "expired_token", "The access token provided has expired.")
        return token


def _token_of(request: Request, params: Params) -> str:
    """The Bearer header first, then `auth` or `access_token` of query or body."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return params.text("auth") or params.text("access_token")


def _active_user(portal: Portal, user_id: int) -> User:
    user = portal.users.get(user_id)
    if user is None or user.kind == "dismissed":
        raise ApiError(401, "authorization_error", "Unable to authorize user")
    return user
