"""How often one viewer may call the API: counted in the cache, for all processes together."""

import hashlib

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from widget.sessions import WidgetSession


class _PerViewer(SimpleRateThrottle):
    """A cache that is away counts nothing and lets everybody through."""

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        session = request.auth
        if not isinstance(session, WidgetSession):
            return None
        return f"throttle:{self.scope}:{session.portal}:{session.viewer}"


class Reading(_PerViewer):
    """An open sidebar asks every few seconds; somebody may have many open."""

    scope = "reading"
    rate = "600/min"

    def allow_request(self, request: Request, view: APIView) -> bool:
        return request.method not in ("GET", "HEAD") or super().allow_request(request, view)


class Writing(_PerViewer):
    """Fast for a person who ticks boxes, slow for a script."""

    scope = "writing"
    rate = "120/min"

    def allow_request(self, request: Request, view: APIView) -> bool:
        return request.method in ("GET", "HEAD") or super().allow_request(request, view)


class Previewing(_PerViewer):
    """Live preview while somebody writes."""

    scope = "previewing"
    rate = "120/min"


class Renewing(SimpleRateThrottle):
    """By token: nobody is proved yet, and one address may stand for a whole company."""

    scope = "renewing"
    rate = "20/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        token = str(request.data.get("access_token")) if isinstance(request.data, dict) else ""
        digest = hashlib.sha256(token.encode(errors="replace")).hexdigest()
        return f"throttle:{self.scope}:{digest}"
