"""Which addresses may be called, decided after name resolution and pinned for the connection."""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter_adapter import IPFilterAdapter  # type: ignore[import-untyped]

from portals.bitrix24.addresses import parse_url
from portals.bitrix24.deadlines import POOLS_BY_SCHEME
from portals.bitrix24.errors import AddressRefused, Unreachable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_HOSTS_KEPT: Final = 256


class PinningAdapter(IPFilterAdapter):  # type: ignore[misc]  # the library has no types
    """requests-hardened's filter, plus networks where private addresses and plain http are welcome.

    Raises AddressRefused, requests_hardened's InvalidIPAddress or Unreachable from ``send``.
    """

    def __init__(self, *, https: bool, trusted: Sequence[IpNetwork], pool_size: int) -> None:
        self._https = https
        self._trusted = trusted
        self._idle_per_host = pool_size
        super().__init__(is_https_proto=https)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002  # as in requests
        # The filter's constructor takes no sizes; the defaults would keep ten hosts.
        super().init_poolmanager(_HOSTS_KEPT, self._idle_per_host, block, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS_BY_SCHEME

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,
        cert: Any = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Where to connect: the pool key of requests with the host replaced by its checked address."""
        address = self._trusted_address(request)
        if address is not None:
            return self._pinned(request, address, verify, cert)
        if not self._https:
            raise AddressRefused("http_refused")
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        checked = ipaddress.ip_address(host["host"].strip("[]"))
        if not _public(checked):
            raise AddressRefused("address_not_public")
        return host, tls

    def _trusted_address(self, request: requests.PreparedRequest) -> IpAddress | None:
        if not self._trusted:
            return None
        url = parse_url(request.url or "")
        try:
            found = socket.getaddrinfo(url.host.strip("[]"), url.port, type=socket.SOCK_STREAM)
        except OSError:
            raise Unreachable("name_not_resolved") from None
        addresses = [_unmapped(entry[4][0]) for entry in found]
        welcome = [address for address in addresses if any(address in net for net in self._trusted)]
        # "localhost" is often both ::1 and 127.0.0.1 where the server listens on the latter alone.
        return min(welcome, key=lambda address: address.version, default=None)

    def _pinned(
        self,
        request: requests.PreparedRequest,
        address: IpAddress,
        verify: Any,
        cert: Any,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        key: tuple[Any, Any] = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
        host, tls = key
        url = parse_url(request.url or "")
        request.headers["Host"] = url.netloc
        if self._https:
            name = url.host.strip("[]")
            tls |= {"assert_hostname": name, "server_hostname": name}
        host["host"] = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
        return host, tls


def _public(address: IpAddress) -> bool:
    """Stricter than the filter: no IPv4-compatible (reserved) and no site-local IPv6 either."""
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_reserved and not site_local


def _unmapped(text: str | int) -> IpAddress:
    address = ipaddress.ip_address(str(text).partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
