"""A typed client of the emulator's control API."""

from collections.abc import Sequence
from typing import Any

import requests


class ControlError(Exception):
    """The control API refused; `code` says why."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.code: str = body.get("error", "")


class Control:
    """Every control call. `key` is the portal's ("alpha", "beta"); times are seconds."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def call(self, http: str, path: str, **body: Any) -> Any:
        """One call; None values are left out. Raises `ControlError`."""
        given = {name: value for name, value in body.items() if value is not None}
        answer = self.session.request(http, f"{self.url}{path}", json=given, timeout=30)
        if not answer.ok:
            raise ControlError(answer.status_code, answer.json())
        return answer.json()

    def state(self) -> dict[str, Any]:
        """The world: `now`, `portals`, `applications`, `refresh_reuse` and more."""
        found: dict[str, Any] = self.call("GET", "state")
        return found

    def portal(self, key: str) -> dict[str, Any]:
        """One portal's part of the state."""
        found: dict[str, Any] = self.state()["portals"][key]
        return found

    def installation(self, key: str, client_id: str | None = None) -> dict[str, Any]:
        """What a portal knows of an application, by default of the one under test."""
        state = self.state()
        wanted = client_id or next(iter(state["applications"]))
        found: dict[str, Any] = state["portals"][key]["installations"][wanted]
        return found

    def sidebar_items(self, key: str) -> list[dict[str, Any]]:
        """What the application under test has bound in the sidebar of a portal's chats."""
        placements = self.installation(key)["placements"]
        return [bound for bound in placements if bound["placement"] == "IM_SIDEBAR"]

    def advance(self, seconds: float) -> float:
        """Move the emulated clock; returns its time, Unix seconds."""
        return float(self.call("POST", "clock", advance=seconds)["now"])

    def authority(self, **switches: bool) -> None:
        """What is open about the authorization servers: invalid_client, expiry_first."""
        self.call("POST", "authority", **switches)

    def application(self, client_id: str, **fields: Any) -> None:
        """Add an application or change fields of one."""
        self.call("POST", "applications", client_id=client_id, **fields)

    def paper_portals(self, count: int, client_id: str | None = None) -> list[dict[str, Any]]:
        """Portals for refresh load, each with a token pair."""
        found: list[dict[str, Any]] = self.call("POST", "portals", count=count, client_id=client_id)
        return found

    def tokens(self, key: str, user_id: int, client_id: str | None = None) -> dict[str, Any]:
        """A fresh pair of a user."""
        return self._post(key, "tokens", user_id=user_id, client_id=client_id)

    def revoke(
        self, key: str, *, access: bool = False, refresh: bool = False, client_id: str | None = None
    ) -> None:
        """Kill the tokens of an application."""
        self._post(key, "revoke", access=access, refresh=refresh, client_id=client_id)

    def install(
        self,
        key: str,
        user_id: int = 1,
        client_id: str | None = None,
        *,
        renew_application_token: bool = False,
    ) -> dict[str, Any]:
        """Install: `url` and `fields` of the installer page ("" and {} when there is none)."""
        return self._post(
            key,
            "install",
            user_id=user_id,
            client_id=client_id,
            renew_application_token=renew_application_token,
        )

    def install_finish(self, key: str, user_id: int = 1, client_id: str | None = None) -> None:
        """installFinish() of the JS SDK."""
        self._post(key, "install_finish", user_id=user_id, client_id=client_id)

    def uninstall(self, key: str, *, clean: bool = False, client_id: str | None = None) -> None:
        """Uninstall."""
        self._post(key, "uninstall", clean=clean, client_id=client_id)

    def update(
        self, key: str, version: int, *, installer: bool | None = None, client_id: str | None = None
    ) -> None:
        """A new version reaches the portal and, unless the card has no installer, goes back to the wizard.

        `installer` overrides what the card says.
        """
        self._post(key, "update", version=version, installer=installer, client_id=client_id)

    def payment(
        self,
        key: str,
        *,
        paid: bool = True,
        status: str | None = None,
        days: int | None = None,
        client_id: str | None = None,
    ) -> None:
        """Change the payment state and send ONAPPPAYMENT."""
        self._post(key, "payment", paid=paid, status=status, days=days, client_id=client_id)

    def access(self, key: str, users: list[int] | None, client_id: str | None = None) -> None:
        """Restrict the application to some users; None lifts it."""
        self._post(key, "access", users=users, client_id=client_id)

    def open(
        self,
        key: str,
        user_id: int,
        dialog_id: str | None = None,
        *,
        placement: str = "IM_SIDEBAR",
        generation: str | None = None,
        without_auth: bool = False,
        client_id: str | None = None,
        handler: str | None = None,
        language: str | None = None,
        options: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """`{"url", "fields", …}` of an open, or `{"gate": …}` where Bitrix24 would not post."""
        return self._post(
            key,
            "open",
            user_id=user_id,
            dialog_id=dialog_id,
            placement=placement,
            generation=generation,
            without_auth=without_auth,
            client_id=client_id,
            handler=handler,
            language=language,
            options=options,
        )

    def add_user(self, key: str, **fields: Any) -> int:
        """A new person: name, last_name, kind, admin, position, id."""
        return int(self._post(key, "users", **fields)["id"])

    def change_user(
        self, key: str, user_id: int, *, kind: str | None = None, admin: bool | None = None
    ) -> None:
        """Dismiss someone (`kind` "dismissed"), make an administrator."""
        self._post(key, f"users/{user_id}", kind=kind, admin=admin)

    def add_chat(self, key: str, **fields: Any) -> int:
        """A new chat: message_type, title, members, owner, managers, entity_type, entity_id, may_join."""
        return int(self._post(key, "chats", **fields)["id"])

    def add_file(self, key: str, chat_id: int, **fields: Any) -> int:
        """A new file of a chat: name, text, size in bytes."""
        return int(self._post(key, f"chats/{chat_id}/files", **fields)["id"])

    def members(
        self, key: str, chat_id: int, *, add: Sequence[int] = (), remove: Sequence[int] = ()
    ) -> list[int]:
        """Change who is in a chat; returns the members."""
        found: list[int] = self._post(key, f"chats/{chat_id}/members", add=list(add), remove=list(remove))[
            "members"
        ]
        return found

    def fault(
        self,
        key: str,
        error: str | None = None,
        *,
        delay_ms: int = 0,
        times: int | None = None,
        method: str | None = None,
    ) -> None:
        """Switch a fault of a portal (or of "oauth", "oauth2"); without arguments all faults off.

        ``method`` restricts it to one REST method, also inside a batch.
        """
        self._post(key, "faults", error=error, delay_ms=delay_ms, times=times, method=method)

    def contradict(self, key: str, method: str, answer: Any = None) -> None:
        """Let a method of the portal answer something else: ``answer`` is laid over a map, replaces a list.

        "authority" stands for `app.info` of the portal's authorization server. Without ``answer``: the truth again.
        """
        authority = method == "authority"
        self._post(key, "contradict", method=method, authority=authority, answer=answer)

    def add_crowd(self, key: str, count: int) -> range:
        """So many new people; their numbers."""
        first = int(self._post(key, "users", count=count)["id"])
        return range(first, first + count)

    def bucket(self, key: str, **settings: float | bool) -> None:
        """Leaky bucket: x, y, enabled, operating_limit; counters start empty."""
        self._post(key, "bucket", **settings)

    def events(self, key: str, **switches: bool | int) -> None:
        """Event delivery: lost, doubled, held, delay_ms."""
        self._post(key, "events", **switches)

    def settings(self, key: str, **settings: str | bool | int) -> None:
        """generation, language, licence, lacks_method, lacks_placement, lacks_event, refuses_in_batch,
        authorization_server, require_dot_in_handler_host."""
        self._post(key, "settings", **settings)

    def rename(self, key: str, to_port: int) -> dict[str, Any]:
        """Move a portal to a spare port: `{"url", "old_url"}`; the old one redirects."""
        return self._post(key, "rename", to_port=to_port)

    def takeover(self, key: str) -> dict[str, Any]:
        """A new portal on the address a renamed one left: `{"key", "member_id", "url"}`."""
        return self._post(key, "takeover")

    def requests(self, kind: str = "", since: int = 0) -> list[dict[str, Any]]:
        """Recorded requests of a kind ("oauth", "rest", "event_out"), oldest first."""
        found: list[dict[str, Any]] = self.call("GET", "requests", kind=kind, since=since)
        return found

    def forget_requests(self) -> None:
        """Empty the record."""
        self.call("DELETE", "requests")

    def _post(self, key: str, action: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("POST", f"{key}/{action}", **body)
        return answer
