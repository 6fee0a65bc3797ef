"""How often one viewer may call the API: counted in Redis, for all processes together.

Redis away counts nothing and lets everybody through.
"""

import hashlib

from django.core.cache import caches
from django.utils.connection import ConnectionProxy
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from widget.access.sessions import WidgetSession


class _Counted(SimpleRateThrottle):
    """Without a copy in the process: thousands of viewers who poll would push what else it remembers out."""

    cache = ConnectionProxy(caches, "redis")  # type: ignore[assignment] # stands for one of them


class _PerViewer(_Counted):
    """By portal and viewer."""

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


class Renewing(_Counted):
    """By token: nobody is proved yet, and one address may stand for a whole company."""

    scope = "renewing"
    rate = "20/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        token = str(request.data.get("access_token")) if isinstance(request.data, dict) else ""
        digest = hashlib.sha256(token.encode(errors="replace")).hexdigest()
        return f"throttle:{self.scope}:{digest}"
