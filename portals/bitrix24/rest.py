"""REST calls to one portal with one access token."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlencode

from portals.bitrix24.answers import error_code
from portals.bitrix24.errors import BadAnswer, Bitrix24Error, CommandNotRun, error_for
from portals.bitrix24.transport import Transport

Params = Mapping[str, object]
Command = tuple[str, Params]
BATCH_LIMIT: Final = 50
CALL_SECONDS: Final = 10.0
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Results and errors of a batch by command key; every command is in one of them, or was not run."""

    results: Mapping[str, object]
    errors: Mapping[str, Bitrix24Error]

    def __getitem__(self, key: str) -> object:
        """The result of a command. Raises: its Bitrix24Error, CommandNotRun after a halt."""
        if key in self.errors:
            raise self.errors[key]
        if key not in self.results:
            raise CommandNotRun()
        return self.results[key]


class Batches(Protocol):
    """Whatever runs a batch as `RestClient` does."""

    def batch(self, commands: Mapping[str, Command]) -> BatchResult: ...


@dataclass(frozen=True, slots=True)
class RestClient:
    """``client_endpoint`` is the REST base URL with its final slash, as the authorization server names it."""

    client_endpoint: str
    access_token: str = field(repr=False)
    transport: Transport = field(repr=False)

    def call(self, method: str, params: Params | None = None, *, deadline: float = CALL_SECONDS) -> object:
        """Call one method and return its ``result``; ``deadline`` is in seconds.

        Raises: Bitrix24Error.
        Source: Bitrix24 REST docs, "How REST API calls work".
        """
        if not _METHOD.fullmatch(method):
            raise ValueError("not a REST method name")
        form = [*php_pairs(params or {}), ("auth", self.access_token)]
        url = f"{self.client_endpoint.rstrip('/')}/{method}"
        answer = self.transport.post(url, form=form, deadline=deadline, method=method)
        if "result" not in answer.body:
            raise BadAnswer("result_missing", http_status=answer.http_status)
        return answer.body["result"]

    def batch(
        self, commands: Mapping[str, Command], *, halt: bool = False, deadline: float = CALL_SECONDS
    ) -> BatchResult:
        """Run up to 50 commands in one request; with ``halt`` the first error ends the batch.

        A later command may use ``$result[key][field]`` of an earlier one, so never put input of others into
        parameters unchecked. ``deadline`` is in seconds.
        Raises: ValueError for commands Bitrix24 would refuse, Bitrix24Error if the batch as a whole failed.
        Source: Bitrix24 REST docs, "batch".
        """
        _check(commands)
        cmd = {key: f"{method}?{urlencode(php_pairs(params))}" for key, (method, params) in commands.items()}
        envelope = self.call("batch", {"halt": halt, "cmd": cmd}, deadline=deadline)
        if not isinstance(envelope, Mapping):
            raise BadAnswer("batch_unreadable")
        results = _by_key(envelope.get("result"))
        errors = {key: _command_error(value) for key, value in _by_key(envelope.get("result_error")).items()}
        return BatchResult(results, errors)


def php_pairs(params: Params) -> list[tuple[str, str]]:
    """Flatten nested parameters as PHP reads them, ``a[b][0]=…``; None is left out, booleans are 1 and 0.

    Raises: TypeError for a value no form can carry.
    """
    return [pair for key, value in params.items() for pair in _flatten(key, value)]


def _flatten(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield from _flatten(f"{key}[{inner}]", item)
    elif isinstance(value, bool):
        yield key, "1" if value else "0"
    elif isinstance(value, str | int | float):
        yield key, str(value)
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            yield from _flatten(f"{key}[{index}]", item)
    elif value is not None:
        raise TypeError(f"no form encoding for {type(value).__name__}")


def _check(commands: Mapping[str, Command]) -> None:
    if not 0 < len(commands) <= BATCH_LIMIT:
        raise ValueError(f"a batch takes 1 to {BATCH_LIMIT} commands, not {len(commands)}")
    for key, (method, _) in commands.items():
        # A list of numbered keys would come back as a JSON array.
        if not _KEY.fullmatch(key) or not _METHOD.fullmatch(method) or method.lower() == "batch":
            raise ValueError(f"not a batch command: {key!r}")


def _by_key(value: object) -> Mapping[str, object]:
    """PHP sends an empty map as an empty array."""
    return value if isinstance(value, Mapping) else {}


def _command_error(value: object) -> Bitrix24Error:
    code = error_code(value) if isinstance(value, Mapping) else None
    return error_for(code or "unreadable")
