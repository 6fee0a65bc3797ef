"""The world as a JSON file."""

import asyncio
import dataclasses
import json
import os
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from emulator.state import World

T = TypeVar("T")
DEBOUNCE_SECONDS = 1.0
DEAD_TOKEN_SECONDS = 24 * 3600


def encode(value: Any) -> Any:
    """A dataclass tree as JSON values; transient fields are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: encode(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if not field.metadata.get("transient")
        }
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | set | tuple):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], value: Any) -> T:
    """The inverse of `encode` for a dataclass type."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: _decode(hints[name], item) for name, item in value.items()})


def load(path: Path) -> World:
    """Read a saved world. Raises OSError, ValueError or KeyError when the file is missing or no world."""
    world = decode(World, json.loads(path.read_text(encoding="utf-8")))
    world.by_refresh = {
        token.refresh_token: token for token in world.tokens.values() if not token.refresh_revoked
    }
    return world


def save(world: World, path: Path) -> None:
    """Write a world; the file is replaced at once, never half written."""
    _write(_text(world), path)


class AutoSave:
    """Saves soon after `touch`, at most once a second."""

    def __init__(self, world: World, path: Path) -> None:
        self.world = world
        self.path = path
        self._touched = asyncio.Event()

    def touch(self) -> None:
        """Something may have changed."""
        self._touched.set()

    async def run(self) -> None:
        """Save until cancelled."""
        while True:
            await self._touched.wait()
            await asyncio.sleep(DEBOUNCE_SECONDS)
            self._touched.clear()
            await asyncio.to_thread(_write, _text(self.world), self.path)


def _text(world: World) -> str:
    """The world as JSON without what need not outlive the process: paper portals and long dead tokens."""
    lasting = {key: portal for key, portal in world.portals.items() if not portal.paper}
    oldest = world.clock.now() - DEAD_TOKEN_SECONDS
    tokens = {
        name: token
        for name, token in world.tokens.items()
        if token.portal_key in lasting and (token.expires > oldest or not token.refresh_revoked)
    }
    slim = dataclasses.replace(world, portals=lasting, tokens=tokens)
    return json.dumps(encode(slim), ensure_ascii=False)


def _write(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f"{path.suffix}.{os.getpid()}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _decode(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType or origin is typing.Union:
        known = [argument for argument in arguments if argument is not types.NoneType]
        return None if value is None else _decode(known[0], value)
    if origin is list:
        return [_decode(arguments[0], item) for item in value]
    if origin is set:
        return {_decode(arguments[0], item) for item in value}
    if origin is dict:
        return {arguments[0](key): _decode(arguments[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast("type[Any]", hint), value)
    return value
