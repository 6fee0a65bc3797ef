"""Opens our pages as a browser inside Bitrix24 would: the form comes from the emulator, the answer from us."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from tests.support.emulator import Emulator


@dataclass
class Opens:
    """Posts the emulator's forms through Django's test client."""

    emulator: Emulator
    client: Client

    def install(self, key: str = "alpha", user_id: int = 1) -> Any:
        """The installer page, as this user gets it."""
        return self.post(self.emulator.control.install(key, user_id=user_id))

    def widget(self, key: str, user_id: int, dialog_id: str, **options: Any) -> Any:
        """The sidebar of a chat, as this user names it."""
        return self.post(self.form(key, user_id, dialog_id, **options))

    def form(self, key: str, user_id: int, dialog_id: str, **options: Any) -> dict[str, Any]:
        """The form of an open, to be posted later or changed first."""
        return self.emulator.control.open(key, user_id, dialog_id, **options)

    def application(self, key: str, user_id: int) -> Any:
        """The application page."""
        return self.post(self.emulator.control.open(key, user_id, placement="DEFAULT"))

    def post(self, form: dict[str, Any], **changed: Any) -> Any:
        """Post a form; ``changed`` fields are what somebody tampered with (None removes one)."""
        assert "url" in form, f"Bitrix24 would not open this: {form}"
        url = urlsplit(form["url"])
        fields = {name: value for name, value in (form["fields"] | changed).items() if value is not None}
        return self.client.post(f"{url.path}?{url.query}", fields)

    def api(self, session: str) -> "Api":
        return Api(self.client, session)


@dataclass
class Api:
    """The sidebar's API with one widget session."""

    client: Client
    session: str

    def call(self, http: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            http,
            f"/api/v1/{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.session}", **headers},
        )

    def add(self, text: str) -> dict[str, Any]:
        response = self.call("POST", "notes/", {"text": text})
        assert response.status_code == 201, response.content
        note: dict[str, Any] = response.json()
        return note


def frame_data(response: Any) -> dict[str, Any]:
    """The data that a page hands to its scripts."""
    found = re.search(
        r'<script id="frame-data" type="application/json">(.*?)</script>', response.content.decode(), re.S
    )
    assert found, response.content.decode()
    data: dict[str, Any] = json.loads(found[1])
    return data
