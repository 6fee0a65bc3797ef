"""The protocol layer, wired with our settings: one transport a process, so that connections are shared."""

from functools import lru_cache

from django.conf import settings

from portals import breaker
from portals.bitrix24.oauth import AuthorizationServer
from portals.bitrix24.rest import RestClient
from portals.bitrix24.transport import Transport

# Idle ones kept per host: as many as the threads of a busy worker, so that a refresh finds one open.
_CONNECTIONS = 32


def transport() -> Transport:
    """The one transport of this process."""
    return _transport(tuple(settings.BITRIX24_TRUSTED_NETWORKS))


@lru_cache(maxsize=4)
def _transport(trusted_networks: tuple[str, ...]) -> Transport:
    return Transport(trusted_networks=trusted_networks, pool_size=_CONNECTIONS, guard=breaker.guard)


def authorization_server() -> AuthorizationServer:
    """The configured authorization server; nothing that a request says can name another."""
    return AuthorizationServer(
        base_url=settings.BITRIX24_OAUTH_URL,
        client_id=settings.BITRIX24_CLIENT_ID,
        client_secret=settings.BITRIX24_CLIENT_SECRET,
        transport=transport(),
    )


def rest(client_endpoint: str, access_token: str) -> RestClient:
    """A client of one portal. ``client_endpoint`` must be a proved one."""
    return RestClient(client_endpoint, access_token, transport())
