"""Links to an application, `REST_APP_URI`.

SOURCE: b24restdocs api-reference/widgets/universal/app-url.md, August 2026.
"""

import json
from typing import Any

from tests.emulator.client import PRIYA, WIDGET, Client


def options(client: Client, **given: str) -> dict[str, str]:
    bound: dict[str, Any] = WIDGET | {"PLACEMENT": "REST_APP_URI"}
    client.call("placement.bind", **bound)
    form = client.emulator.control.open("alpha", PRIYA, placement="REST_APP_URI", options=given)
    found: dict[str, str] = json.loads(form["fields"]["PLACEMENT_OPTIONS"])
    return found


def test_the_handler_learns_the_page_of_the_link(alpha: Client) -> None:
    assert options(alpha, note="7") == {"note": "7", "URI": "/online/"}


def test_a_uri_of_the_links_own_is_not_overwritten(alpha: Client) -> None:
    assert options(alpha, URI="/ours/") == {"URI": "/ours/"}
