"""Method `batch` (REST docs: "batch"): up to 50 commands, later ones may use earlier results."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.errors import ApiError
from emulator.params import Params, as_map, as_text, parse_query, php_array
from emulator.rest.envelope import timing
from emulator.rest.registry import Answer, Call, method, run

MAX_COMMANDS = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\]]+\])+)", re.IGNORECASE)
_KEY = re.compile(r"\[([^\]]+)\]")


@method("batch")
def batch(call: Call) -> dict[str, Any]:
    """HTTP 200 even if all commands fail; with `halt` the first failure ends it."""
    results: dict[str, Any] = {}
    maps: dict[str, dict[str, Any]] = {"error": {}, "total": {}, "next": {}, "time": {}}
    halt = call.params.flag("halt")
    for position, (key, command) in enumerate((call.params.array("cmd") or {}).items()):
        start = call.world.clock.now()
        try:
            answer = _run(call, position, as_text(command), results)
        except ApiError as error:
            maps["error"][key] = _error_body(error)
            if halt:
                break
            continue
        results[key] = answer.result
        maps["time"][key] = timing(call.caller, _name(as_text(command)), start)
        for counter in ("total", "next"):
            value = getattr(answer, counter)
            if value is not None:
                maps[counter][key] = value
    return {
        "result": php_array(results),
        **{f"result_{name}": php_array(items) for name, items in maps.items()},
    }


def commanded(params: Mapping[str, Any]) -> list[str]:
    """The methods that a batch calls; none of another request."""
    return [_name(as_text(command)) for command in (Params(params).array("cmd") or {}).values()]


def substitute(value: Any, results: dict[str, Any]) -> Any:
    """Replace `$result[key][field]` in every text of a (nested) value.

    What is not there is replaced by the deepest value that is, and a reference that is the whole text by that value
    itself, an array too (portal source, module rest, May 2026).
    """
    if isinstance(value, dict):
        return {key: substitute(item, results) for key, item in value.items()}
    if isinstance(value, str):
        if whole := _REFERENCE.fullmatch(value):
            return _lookup(whole[1], results)
        return _REFERENCE.sub(lambda match: as_text(_lookup(match[1], results), "Array"), value)
    return value


def _run(call: Call, position: int, command: str, results: dict[str, Any]) -> Answer:
    if position >= MAX_COMMANDS:
        raise ApiError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    name = _name(command)
    if name == "batch" or name in call.caller.portal.refuses_in_batch.split(","):
        raise ApiError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    params = substitute(parse_query(command.partition("?")[2]), results)
    return run(call.caller, name, Params(params))


def _name(command: str) -> str:
    return command.partition("?")[0].strip().lower()


def _error_body(error: ApiError) -> dict[str, str]:
    if error.code == "insufficient_scope":
        return {"error": error.code, "error_description": ""}
    return {"error_description": ""} | error.body()


def _lookup(path: str, results: dict[str, Any]) -> Any:
    value: Any = results
    for key in _KEY.findall(path):
        inner = as_map(value) or {}
        name = key.strip("'\"")
        if name not in inner:
            return value
        value = inner[name]
    return value
