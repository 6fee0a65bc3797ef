"""Hosts and URLs as text: one strict reading, so that what is checked is what is called."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-~]*)?",
    re.IGNORECASE | re.ASCII,  # of other alphabets some letters count as the same letter in another case
)
_LONGEST_URL: Final = 2048
_LONGEST_HOST: Final = 253
_HIGHEST_PORT: Final = 65535
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """A checked http(s) URL. ``host`` is lower case, IPv6 in brackets; ``port`` None for the scheme's own."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def netloc(self) -> str:
        """``host[:port]``, the form Bitrix24 calls a domain."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


@lru_cache(maxsize=4096)
def parse_url(text: str) -> Url:
    """Read an absolute http(s) URL; path and query stay as they are.

    Raises ValueError for anything else: credentials, fragments in the host, international names that are not
    in their ASCII form, control characters, and IPv4 addresses in decimal, octal or hexadecimal disguise.
    """
    match = _URL.fullmatch(text) if len(text) <= _LONGEST_URL else None
    if match is None:
        raise ValueError("not an http(s) URL")
    scheme, host = match["scheme"].lower(), match["host"].lower()
    _check_host(host)
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port <= _HIGHEST_PORT:
        raise ValueError("port out of range")
    return Url(scheme, host, None if port == _DEFAULT_PORTS[scheme] else port, match["path"] or "")


def parse_domain(text: str) -> str:
    """``host[:port]`` in lower case, without a default port. Raises ValueError like `parse_url`."""
    url = parse_url(f"https://{text}")
    if url.path:
        raise ValueError("not a host name")
    return url.host if url.port in {None, 80} else url.netloc


def _check_host(host: str) -> None:
    if host.startswith("["):
        ipaddress.IPv6Address(host[1:-1])
    elif _NUMERIC_LABEL.fullmatch(host.rsplit(".", 1)[-1]):
        ipaddress.IPv4Address(host)
    elif len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise ValueError("not a host name")
