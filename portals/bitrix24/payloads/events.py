"""The form POST of an event."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self

from portals.bitrix24.payloads.fields import Form, PayloadError, checked_text

_EVENT: Final = re.compile(r"[A-Z0-9_:.\\]{1,128}")
_BRACKETED: Final = re.compile(r"([A-Za-z_]+)((?:\[[^\[\]]{0,128}\])+)")
_MOST_FIELDS: Final = 256
_DEEPEST: Final = 6
_LONGEST_KEY: Final = 512
_LONGEST_VALUE: Final = 4096


@dataclass(frozen=True, slots=True)
class EventAuth:
    """The ``auth`` part.

    Tokens are there only if a user is linked to the event, ``application_token`` in all but ONAPPPAYMENT;
    ``expires_in`` in seconds, ``expires`` Unix time.
    """

    member_id: str
    domain: str
    client_endpoint: str | None
    server_endpoint: str | None
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    application_token: str | None = field(repr=False)
    expires_in: int | None
    expires: int | None
    user_id: int | None
    scope: frozenset[str]
    licence_status: str


@dataclass(frozen=True, slots=True)
class EventRequest:
    """One event, as claimed by its sender: nothing in it is proved.

    ``event`` is the upper-case code, ``ts`` Unix time. ``data`` holds text and nested mappings.
    Source: Bitrix24 REST docs, "Events: what the handler receives".
    """

    event: str
    event_handler_id: int | None
    ts: int | None
    data: Mapping[str, object]
    auth: EventAuth

    @classmethod
    def parse(cls, fields: Mapping[str, str]) -> Self:
        """Read the fields of the form, keys with brackets as they were sent.

        Raises: PayloadError with reason ``event_missing``, ``event_invalid``, ``member_id_missing``,
        ``member_id_invalid``, ``domain_invalid``, ``endpoint_invalid``, ``token_invalid``,
        ``too_many_fields``, ``too_deep``, ``key_invalid``, ``fields_conflict``, ``value_too_long``,
        ``value_not_text`` or ``control_characters``.
        """
        tree = _tree(fields)
        data = tree.get("data")
        head = Form({name: value for name, value in tree.items() if isinstance(value, str)})
        return cls(
            event=_event(head),
            event_handler_id=head.integer("event_handler_id"),
            ts=head.integer("ts"),
            data=MappingProxyType(data if isinstance(data, dict) else {}),
            auth=_auth(tree.get("auth")),
        )


def _event(head: Form) -> str:
    code = head.text("event").upper()
    if not code:
        raise PayloadError("event_missing")
    if not _EVENT.fullmatch(code):
        raise PayloadError("event_invalid")
    return code


def _auth(branch: object) -> EventAuth:
    leaves = branch if isinstance(branch, dict) else {}
    form = Form({name: value for name, value in leaves.items() if isinstance(value, str)})
    return EventAuth(
        member_id=form.member_id(),
        domain=form.domain("domain", "domain_invalid"),
        client_endpoint=form.endpoint("client_endpoint", "endpoint_invalid"),
        server_endpoint=form.endpoint("server_endpoint", "endpoint_invalid"),
        access_token=form.token("access_token"),
        refresh_token=form.token("refresh_token"),
        application_token=form.token("application_token"),
        expires_in=form.integer("expires_in"),
        expires=form.integer("expires"),
        user_id=form.integer("user_id"),
        scope=form.scope("scope"),
        licence_status=form.licence_status(),
    )


def _tree(fields: Mapping[str, str]) -> dict[str, object]:
    """Nest ``a[b][c]=v`` the way PHP does; other keys stay as they are."""
    if len(fields) > _MOST_FIELDS:
        raise PayloadError("too_many_fields")
    tree: dict[str, object] = {}
    for key, value in fields.items():
        _put(tree, _path(key), checked_text(value, limit=_LONGEST_VALUE))
    return tree


def _path(key: str) -> list[str]:
    if "[" not in checked_text(key, limit=_LONGEST_KEY):
        return [key]
    match = _BRACKETED.fullmatch(key)
    if match is None:
        raise PayloadError("key_invalid")
    path = [match[1], *match[2][1:-1].split("][")]
    if len(path) > _DEEPEST:
        raise PayloadError("too_deep")
    return path


def _put(tree: dict[str, object], path: list[str], value: str) -> None:
    branch = tree
    for name in path[:-1]:
        inner = branch.setdefault(name, {})
        if not isinstance(inner, dict):
            raise PayloadError("fields_conflict")
        branch = inner
    # "list[]=a" has no key of its own: PHP numbers it.
    last = path[-1] or str(len(branch))
    if last in branch:
        raise PayloadError("fields_conflict")
    branch[last] = value
