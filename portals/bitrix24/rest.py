"""REST calls to one portal with one access token."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlencode

from portals.bitrix24.answers import Answer, error_code, error_description
from portals.bitrix24.codes import error_for
from portals.bitrix24.errors import (
    BadAnswer,
    Bitrix24Error,
    CommandNotRun,
    RateLimited,
    TimeBudgetSpent,
)
from portals.bitrix24.transport import Transport

Params = Mapping[str, object]
Command = tuple[str, Params]
BATCH_LIMIT: Final = 50
CALL_SECONDS: Final = 10.0
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")
_NOT_IN_BATCH: Final = "error_batch_method_not_allowed"
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


class Gate(Protocol):
    """What keeps us under a portal's limits. ``methods`` are those of one request, several in a batch."""

    def admit(self, methods: Sequence[str]) -> None:
        """Return when the request may be sent. Raises: RateLimited, TimeBudgetSpent."""

    def refused(self, methods: Sequence[str], error: Bitrix24Error) -> bool:
        """Learn that the portal refused for load; True: ask again and repeat."""


@dataclass(frozen=True, slots=True)
class RestClient:
    """``client_endpoint`` is the REST base URL with its final slash, as the authorization server names it.

    ``owner`` is the caller's key for the portal, passed on to the record of each call; ``subject`` is what they
    are about, passed on to the transport's guard.
    """

    client_endpoint: str
    access_token: str = field(repr=False)
    transport: Transport = field(repr=False)
    gate: Gate | None = field(default=None, repr=False)
    owner: int | None = None
    subject: str = ""

    def call(self, method: str, params: Params | None = None, *, deadline: float = CALL_SECONDS) -> object:
        """Call one method and return its ``result``; ``deadline`` is in seconds.

        Raises: Bitrix24Error.
        Source: Bitrix24 REST docs, "How REST API calls work".
        """
        if not _METHOD.fullmatch(method):
            raise ValueError("not a REST method name")
        return self._call(method, params or {}, (), deadline)

    def _call(
        self,
        method: str,
        params: Params,
        inner: Sequence[str],
        deadline: float,
        max_bytes: int | None = None,
    ) -> object:
        form = [*php_pairs(params), ("auth", self.access_token)]
        self._admit(method, inner)
        try:
            answer = self._post(method, form, deadline, max_bytes)
        except (RateLimited, TimeBudgetSpent) as error:
            if self.gate is None or not self.gate.refused([method.lower()], error):
                raise
            self._admit(method, inner)
            answer = self._post(method, form, deadline, max_bytes)
        if "result" not in answer.body:
            raise BadAnswer("result_missing", http_status=answer.http_status)
        return answer.body["result"]

    def _admit(self, method: str, inner: Sequence[str]) -> None:
        if self.gate is not None:
            self.gate.admit([method.lower(), *inner])

    def _post(
        self, method: str, form: Sequence[tuple[str, str]], deadline: float, max_bytes: int | None
    ) -> Answer:
        url = f"{self.client_endpoint.rstrip('/')}/{method}"
        return self.transport.post(
            url,
            form=form,
            deadline=deadline,
            method=method,
            owner=self.owner,
            max_bytes=max_bytes,
            subject=self.subject,
        )

    def batch(
        self,
        commands: Mapping[str, Command],
        *,
        optional: Mapping[str, Command] | None = None,
        halt: bool = False,
        deadline: float = CALL_SECONDS,
        max_bytes: int | None = None,
    ) -> BatchResult:
        """Run up to 50 commands in one request; with ``halt`` the first error ends the batch.

        ``optional`` commands follow the others, and are left out while the time budget of any of them is spent.
        A later command may use ``$result[key][field]`` of an earlier one, so never put input of others into
        parameters unchecked. ``deadline`` is in seconds; ``max_bytes`` is the largest answer that is read, None for
        the transport's own limit.
        Raises: ValueError for commands Bitrix24 would refuse, Bitrix24Error if the batch as a whole failed.
        Source: Bitrix24 REST docs, "batch".
        """
        try:
            return self._batch({**commands, **(optional or {})}, halt, deadline, max_bytes)
        except TimeBudgetSpent:
            if not optional:
                raise
        return self._batch(commands, halt, deadline, max_bytes)

    def _batch(
        self,
        commands: Mapping[str, Command],
        halt: bool,  # noqa: FBT001
        deadline: float,
        max_bytes: int | None,
    ) -> BatchResult:
        _check(commands)
        cmd = {key: f"{method}?{urlencode(php_pairs(params))}" for key, (method, params) in commands.items()}
        inner = sorted({method.lower() for method, _ in commands.values()})
        envelope = self._call("batch", {"halt": halt, "cmd": cmd}, inner, deadline, max_bytes)
        if not isinstance(envelope, Mapping):
            raise BadAnswer("batch_unreadable")
        results = _by_key(envelope.get("result"))
        errors = {key: _command_error(value) for key, value in _by_key(envelope.get("result_error")).items()}
        for key, error in errors.items():
            if self.gate is not None and isinstance(error, TimeBudgetSpent) and key in commands:
                self.gate.refused([commands[key][0].lower()], error)
        alone = [key for key, error in errors.items() if error.code == _NOT_IN_BATCH and key in commands]
        return self._one_by_one(commands, alone, BatchResult(results, errors), deadline)

    def _one_by_one(
        self, commands: Mapping[str, Command], alone: Sequence[str], answers: BatchResult, deadline: float
    ) -> BatchResult:
        """Call what this portal runs by itself only. Sources disagree about which methods those are.

        REST docs, "batch", August 2026: nested batches, uploads and downloads; public code: ``placement.bind`` too.
        """
        results, errors = dict(answers.results), dict(answers.errors)
        for key in alone:
            method, params = commands[key]
            try:
                results[key] = self.call(method, params, deadline=deadline)
            except Bitrix24Error as error:
                errors[key] = error
            else:
                del errors[key]
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
    if not isinstance(value, Mapping):
        return error_for("unreadable")
    return error_for(error_code(value) or "unreadable", description=error_description(value))
