"""The form POST that opens one of our pages in an iframe."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self

from portals.bitrix24.payloads.dialogs import DialogId
from portals.bitrix24.payloads.fields import Form, PayloadError

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?")
_APP_SID: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_PLACEMENT: Final = re.compile(r"[A-Z0-9_]{1,64}")
_OPTIONS_LIMIT: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """One open, as claimed by a browser: nothing in it is proved.

    ``domain`` is ``host[:port]``, ``protocol`` "https" or "http", ``lang`` a Bitrix24 language code,
    ``expires_in`` seconds, ``licence_status`` one of ``F D T P L S`` or "". Tokens are those of the viewer; a
    portal without REST posts none. ``application_token``, ``application_scope`` and ``server_endpoint`` are
    missing on older portals.
    Source: Bitrix24 REST docs, "Widgets: what the handler receives".
    """

    domain: str
    protocol: str
    lang: str
    app_sid: str
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None
    member_id: str
    licence_status: str
    placement: str
    options: Mapping[str, object]
    application_token: str | None = field(repr=False)
    application_scope: frozenset[str]
    server_endpoint: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str], body: Mapping[str, str]) -> Self:
        """Read query string and body.

        Raises: PayloadError with reason ``member_id_missing``, ``member_id_invalid``, ``domain_missing``,
        ``domain_invalid``, ``lang_invalid``, ``app_sid_invalid``, ``token_invalid``, ``placement_invalid``,
        ``options_unreadable``, ``server_endpoint_invalid``, ``value_too_long``, ``value_not_text`` or
        ``control_characters``.
        """
        address, form = Form(query), Form(body)
        return cls(
            member_id=form.member_id(),
            domain=_domain(address),
            protocol="http" if address.text("PROTOCOL") == "0" else "https",
            lang=address.matching("LANG", _LANGUAGE, "lang_invalid", default="en").lower(),
            app_sid=address.matching("APP_SID", _APP_SID, "app_sid_invalid"),
            access_token=form.token("AUTH_ID"),
            refresh_token=form.token("REFRESH_ID"),
            expires_in=form.integer("AUTH_EXPIRES"),
            licence_status=form.licence_status(),
            placement=form.matching("PLACEMENT", _PLACEMENT, "placement_invalid", default="DEFAULT"),
            options=_options(form.text("PLACEMENT_OPTIONS", limit=_OPTIONS_LIMIT)),
            application_token=form.token("APPLICATION_TOKEN"),
            application_scope=form.scope("APPLICATION_SCOPE"),
            server_endpoint=form.endpoint("SERVER_ENDPOINT", "server_endpoint_invalid"),
        )

    @property
    def dialog_id(self) -> DialogId:
        """The sidebar's dialog. Raises: PayloadError ``dialog_id_missing``, ``dialog_id_invalid``."""
        return DialogId.parse(self.options.get("dialogId"))


def _domain(address: Form) -> str:
    domain = address.domain("DOMAIN", "domain_invalid")
    if not domain:
        raise PayloadError("domain_missing")
    return domain


def _options(text: str) -> Mapping[str, object]:
    """The JSON of PLACEMENT_OPTIONS; missing is empty, and PHP writes an empty map as ``[]``."""
    if not text:
        return MappingProxyType({})
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        # Escapes can smuggle in what the form could not: lone surrogates break UTF-8, NUL breaks PostgreSQL.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise PayloadError("options_unreadable") from None
    if value == []:
        value = {}
    if not isinstance(value, dict) or "\\u0000" in text:
        raise PayloadError("options_unreadable")
    return MappingProxyType(value)


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
