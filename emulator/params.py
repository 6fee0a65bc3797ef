"""Request parameters the way PHP reads them: nested bracket names, in forms, queries and batch commands."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from emulator.errors import ApiError

_NAME = re.compile(r"^([^\[]+)((?:\[[^\]]*\])*)")
_BRACKET = re.compile(r"\[([^\]]*)\]")


class Params(Mapping[str, Any]):
    """Parameters of a call. Top-level names are case-insensitive, nested keys are kept as sent.

    Values are what JSON or a form gives; the typed getters accept both spellings of everything.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {str(name).upper(): value for name, value in values.items()}

    def __getitem__(self, name: str) -> Any:
        return self._values[name.upper()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str, default: str = "") -> str:
        """The value as PHP would cast it to string; arrays count as missing."""
        return as_text(self.get(name), default)

    def integer(self, name: str, default: int = 0) -> int:
        """The value as an int, an array as 1 or 0 (PHP's cast); `default` when it is missing or no number."""
        items = as_map(self.get(name))
        if items is not None:
            return int(bool(items))
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Y/N, 1/0, true/false."""
        given = self.get(name)
        if isinstance(given, bool):
            return given
        value = as_text(given).lower()
        return value in {"y", "1", "true"} if value else default

    def array(self, name: str) -> dict[str, Any] | None:
        """A map or list as a map with string keys; None when the value is no array."""
        return as_map(self.get(name))

    def required(self, name: str) -> str:
        """A non-empty text. Raises `ApiError` 400 ERROR_ARGUMENT naming the argument."""
        value = self.text(name)
        if not value:
            raise ApiError(
                400, "ERROR_ARGUMENT", f"Argument '{name.upper()}' is null or empty", argument=name.upper()
            )
        return value


def as_text(value: object, default: str = "") -> str:
    """PHP's string cast: true is "1", false and null are "" (`default` here), arrays are no text."""
    if value is None or isinstance(value, Mapping | list):
        return default
    if isinstance(value, bool):
        return "1" if value else default
    return str(value)


def as_map(value: object) -> dict[str, Any] | None:
    """A PHP array as a map with string keys."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return None


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][]=1` pairs as nested maps; `[]` counts upward."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match:
            _put(root, [match[1], *_BRACKET.findall(match[2])], value)
    return root


def parse_query(query: str) -> dict[str, Any]:
    """An urlencoded string as nested maps."""
    return nest(parse_qsl(query, keep_blank_values=True))


def overlay(value: object, other: object) -> Any:
    """`other` laid over `value`: maps are merged at every depth, anything else is replaced."""
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return {**value, **{name: overlay(value.get(name), item) for name, item in other.items()}}
    return other


def php_array(items: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
    """What PHP's json_encode makes of an array: a list for keys 0..n-1 (also for none), else an object."""
    if list(items) == [str(index) for index in range(len(items))]:
        return list(items.values())
    return dict(items)


async def read_params(request: Request) -> dict[str, Any]:
    """Query and body of a request: urlencoded, multipart, or JSON if there are no form fields.

    Raises `ApiError` 400 INVALID_REQUEST when a JSON body is no object or array.
    """
    params = parse_query(request.url.query)
    if request.method in {"GET", "HEAD"}:
        return params
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form() as form:
            return params | nest((name, str(value)) for name, value in form.multi_items())
    body = await request.body()
    if kind == "application/json":
        return params | _json_object(body)
    return params | parse_query(body.decode("utf-8", "replace"))


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = as_map(json.loads(body))
    except ValueError:
        value = None
    if value is None:
        raise ApiError(400, "INVALID_REQUEST", "Invalid JSON")
    return value


def _put(root: dict[str, Any], keys: list[str], value: str) -> None:
    node = root
    for position, key in enumerate(keys):
        if not key:
            key = str(1 + max((int(k) for k in node if k.isdigit()), default=-1))  # noqa: PLW2901
        if position == len(keys) - 1:
            node[key] = value
            return
        child = node.get(key)
        if not isinstance(child, dict):
            child = node[key] = {}
        node = child
