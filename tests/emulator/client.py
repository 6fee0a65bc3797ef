"""Plain HTTP calls to one portal of the emulator."""

from dataclasses import dataclass, field
from typing import Any, Self

import requests

from tests.support.emulator import Emulator

HELENA, OMAR, PRIYA, TOMAS, LUCIA, JONAS, MEI, PAVEL, RUTH, BOT = range(1, 11)
WIDGET = {"PLACEMENT": "IM_SIDEBAR", "HANDLER": "http://127.0.0.1:8000/widget/", "TITLE": "Notes"}
OPTIONS = {"iconName": "fa-sticky-note-o"}


@dataclass
class Client:
    """Calls as any user of the portal."""

    emulator: Emulator
    key: str
    _tokens: dict[int, str] = field(default_factory=dict)

    @classmethod
    def installed(cls, emulator: Emulator, key: str) -> Self:
        emulator.control.install(key)
        emulator.control.install_finish(key)
        return cls(emulator, key)

    @property
    def endpoint(self) -> str:
        return self.emulator.portals[self.key].client_endpoint

    def token(self, user_id: int) -> str:
        """One access token a user, asked for once."""
        if user_id not in self._tokens:
            self._tokens[user_id] = self.emulator.control.tokens(self.key, user_id)["access_token"]
        return self._tokens[user_id]

    def call(self, method: str, user_id: int = HELENA, **params: Any) -> requests.Response:
        """A JSON call with the token in the body."""
        body = {**params, "auth": self.token(user_id)}
        return requests.post(self.endpoint + method, json=body, timeout=10)

    def result(self, method: str, user_id: int = HELENA, **params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = self.call(method, user_id, **params)
        body = answer.json()
        assert answer.status_code == 200, body
        assert "error" not in body, body
        return body["result"]

    def error(self, method: str, user_id: int = HELENA, **params: Any) -> tuple[int, str]:
        """HTTP status and code of a call that must fail; an error carries neither result nor time."""
        answer = self.call(method, user_id, **params)
        body = answer.json()
        assert not {"result", "time"} & set(body), body
        return answer.status_code, body["error"]

    def bind(self, **changes: Any) -> requests.Response:
        """placement.bind of the sidebar with sound defaults."""
        return self.call("placement.bind", **({**WIDGET, "OPTIONS": OPTIONS} | changes))
