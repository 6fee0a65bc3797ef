"""The protocol layer, wired with our settings: one transport a process, so that connections are shared."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from structlog.contextvars import get_contextvars

from portals.bitrix24.oauth import AuthorizationServer, AuthorizationServers
from portals.bitrix24.rest import RestClient
from portals.bitrix24.transport import CallRecord, Transport
from portals.infrastructure.call_log import CALLS
from portals.infrastructure.database import give_back
from portals.infrastructure.metrics import counters
from portals.models import Portal
from portals.outgoing import breaker
from portals.outgoing.limits import PortalGate

# Idle ones kept per host: as many as a crowd of one portal, or the threads of a busy worker, use at once.
_CONNECTIONS = 64
# The subject of questions to an authorization server that somebody waits for at a page.
OPENS = "opens"


def transport() -> Transport:
    """The one transport of this process."""
    return _transport(tuple(settings.BITRIX24_TRUSTED_NETWORKS))


@lru_cache(maxsize=4)
def _transport(trusted_networks: tuple[str, ...]) -> Transport:
    return Transport(
        trusted_networks=trusted_networks,
        pool_size=_CONNECTIONS,
        guard=_calling,
        on_call=_called,
        request_id=lambda: str(get_contextvars().get("request_id", "")),
    )


@contextmanager
def _calling(host: str, subject: str) -> Iterator[None]:
    """Around every call: nobody waits for another server with a database connection in hand."""
    give_back()
    with breaker.guard(host, subject):
        yield


def _called(record: CallRecord) -> None:
    CALLS.add(record)
    counters.called(record)


def authorization_server(portal: Portal, *, subject: str = "") -> AuthorizationServers:
    """The one that serves ``portal``; all in turn while that is unknown, or no longer trusted."""
    known = portal.authorization_server
    if known in settings.BITRIX24_OAUTH_URL:
        return _servers([known], subject)
    return any_authorization_server(subject=subject)


def any_authorization_server(*likely: str | None, subject: str = "") -> AuthorizationServers:
    """All that we trust, in turn, beginning with the ``likely`` ones among them.

    Those may be claims (``SERVER_ENDPOINT``): they choose an order and never an address.
    """
    trusted: list[str] = settings.BITRIX24_OAUTH_URL
    first = [_origin(url) for url in likely if url]
    return _servers([*(url for url in first if url in trusted), *trusted], subject)


def _servers(urls: Iterable[str], subject: str) -> AuthorizationServers:
    return AuthorizationServers(
        tuple(
            AuthorizationServer(
                base_url=url,
                client_id=settings.BITRIX24_CLIENT_ID,
                client_secret=settings.BITRIX24_CLIENT_SECRET,
                transport=transport(),
                subject=subject,
            )
            for url in dict.fromkeys(urls)
        )
    )


def _origin(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def rest(client_endpoint: str, access_token: str, *, licence: str = "") -> RestClient:
    """A client of a portal that is not stored yet. ``client_endpoint`` must be a proved one."""
    return RestClient(
        client_endpoint, access_token, transport(), PortalGate.to(client_endpoint, licence=licence)
    )


def portal(portal: Portal, access_token: str, *, background: bool = False, subject: str = "") -> RestClient:
    """A client of a stored portal, within its limits; ``background`` work leaves room for opens.

    ``subject``: what alone is held back if it is not answered in time, such as a dialog.
    """
    gate = PortalGate.to(portal.client_endpoint, licence=portal.licence, background=background)
    return RestClient(portal.client_endpoint, access_token, transport(), gate, portal.pk, subject)
