"""What an open costs: a form posted, and who was called for it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from tests.support.opens import Opens


@dataclass(frozen=True)
class Cost:
    """The answer to an open, and the calls that it took."""

    response: Any
    portal: int
    server: int

    @property
    def told(self) -> tuple[int, int, int]:
        """Status; calls to the portal; calls to the authorization server."""
        return self.response.status_code, self.portal, self.server


def cost(opens: Opens, form: dict[str, Any], **changed: Any) -> Cost:
    """Post a form and count."""
    control = opens.emulator.control
    control.forget_requests()
    response = opens.post(form, **changed)
    return Cost(response, len(control.requests("rest")), len(control.requests("oauth")))


def with_dialog(form: dict[str, Any], dialog: str) -> dict[str, Any]:
    """The same token and another chat."""
    return {**form, "fields": form["fields"] | {"PLACEMENT_OPTIONS": json.dumps({"dialogId": dialog})}}


def commands(opens: Opens) -> list[str]:
    """The methods of the last batch that a portal was sent."""
    batch = opens.emulator.control.requests("rest")[-1]["params"]["cmd"]
    return [command.partition("?")[0] for command in batch.values()]


def parameters(opens: Opens, key: str) -> dict[str, list[str]]:
    """The parameters of one command of that batch."""
    batch = opens.emulator.control.requests("rest")[-1]["params"]["cmd"]
    return parse_qs(batch[key].partition("?")[2])
