"""How the official Python SDK is led to the emulator.

It insists on https and on its own authorization server. The one thing changed is the wire: requests it sends
to `https://<emulated portal>` and to `https://oauth.bitrix24.tech` reach the emulator, as they would with an
entry in the hosts file and a TLS terminator in between.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from b24pysdk import BitrixApp, BitrixToken
from b24pysdk.api.requesters.bitrix_oauth_requester import BitrixOAuthRequester

from tests.emulator.client import Client
from tests.support.emulator import Emulator

SDK_OAUTH_HOST = urlsplit(BitrixOAuthRequester._BASE_OAUTH_URL).netloc


def lead_to(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver https requests of this process to the emulator."""
    send = requests.Session.send
    addresses = {SDK_OAUTH_HOST: urlsplit(emulator.oauth_url).netloc}
    addresses |= {portal.domain: portal.domain for portal in emulator.portals.values()}

    def deliver(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        parts = urlsplit(str(request.url))
        if parts.scheme == "https":
            request.url = urlunsplit(("http", addresses[parts.netloc], parts.path, parts.query, ""))
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", deliver)


def token_of(client: Client, app: BitrixApp, user_id: int) -> BitrixToken:
    """An SDK token of a user of the client's portal."""
    pair = client.emulator.control.tokens(client.key, user_id)
    return BitrixToken(
        domain=client.emulator.portals[client.key].domain,
        auth_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        bitrix_app=app,
    )
