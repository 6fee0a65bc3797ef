"""``manage.py portals``: what operators do in the admin, for terminals and scripts (docs/operators.md)."""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from portals.models import Portal
from portals.operations import actions, finding
from portals.operations.actions import Outcome
from portals.operations.finding import Filters, NotFound

BY: Final = "command"
FAILED, MISUSED, INTERRUPTED = 1, 2, 130
_PROGRESS_EVERY: Final = 25

Act = Callable[[Portal, str], Outcome]
# Acts that may be meant for many portals at once.
ACTS: Final[Mapping[str, tuple[Act, str]]] = {
    "verify": (actions.verify, "ask Bitrix24 whether installations are alive, and settle their status"),
    "refresh": (actions.refresh, "refresh tokens now"),
    "reconcile": (actions.reconcile, "bring handlers to what we want"),
    "unblock": (actions.unblock, "lift operators' blocks"),
}


class Command(BaseCommand):
    help = "List, show and repair portals."

    def add_arguments(self, parser: CommandParser) -> None:
        parsers = parser.add_subparsers(dest="act", required=True, metavar="ACT")

        def add(name: str, text: str) -> ArgumentParser:
            sub: ArgumentParser = parsers.add_parser(name, help=text, description=f"{text.capitalize()}.")
            sub.add_argument("--json", dest="as_json", action="store_true", help="a JSON object a line")
            return sub

        _add_filters(add("list", "list portals"))
        _add_names(add("show", "show what we know about portals"), "+")
        for name, (_, text) in ACTS.items():
            sub = add(name, text)
            _add_names(sub, "*")
            _add_filters(sub)
            sub.add_argument("--all", dest="everyone", action="store_true", help="every portal there is")
        block = add("block", "stop the application for portals until they are unblocked")
        _add_names(block, "+")
        block.add_argument("--note", required=True, help="why, for other operators")
        export = add("export", "write everything we hold of a portal as one JSON document")
        _add_names(export, 1)
        export.add_argument("--output", type=Path, metavar="FILE", help="instead of the standard output")
        erase = add("erase", "erase a portal with all that its people wrote, for good")
        _add_names(erase, 1)
        erase.add_argument("--yes", action="store_true", help="do not ask for the domain")

    def handle(self, *, act: str, **options: Any) -> None:
        try:
            if act in ACTS:
                self._act_on_many(act, **options)
            else:
                getattr(self, f"_{act}")(**options)
            self.stdout.flush()
        except NotFound as error:
            raise CommandError(str(error), returncode=MISUSED) from None
        except BrokenPipeError:  # "| head" has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _list(self, *, as_json: bool, **options: Any) -> None:
        for row in finding.rows(finding.select(_filters(options))):
            since = row["since"].strftime("%Y-%m-%d %H:%M")
            line = f"{row['member_id']:<32} {row['domain']:<40} {row['status']:<8} {since}  {row['reason']}"
            self.stdout.write(_json(row) if as_json else line)

    def _show(self, *, names: list[str], as_json: bool, **_: Any) -> None:
        for portal in map(finding.named, names):
            known = finding.describe(portal)
            self.stdout.write(_json(known) if as_json else "\n".join(_lines(known)) + "\n")

    def _export(self, *, names: list[str], output: Path | None, **_: Any) -> None:
        portal = finding.named(names[0])
        with ExitStack() as stack:
            write = stack.enter_context(_private_file(output)).write if output else partial(_write, self)
            for piece in actions.export(portal, BY):
                write(piece)

    def _block(self, *, names: list[str], note: str, as_json: bool, **_: Any) -> None:
        portals = [finding.named(name) for name in names]
        self._act(partial(actions.block, reason=note), "block", iter(portals), len(portals), as_json=as_json)

    def _erase(self, *, names: list[str], yes: bool, as_json: bool, **_: Any) -> None:
        portal = finding.named(names[0])
        expected = portal.domain or portal.member_id
        if not yes:
            self.stderr.write(f"Everything of {expected} is erased, for good. Type {expected} to go on:")
            if _typed() != expected:
                raise CommandError("Nothing was erased.", returncode=MISUSED)
        self._act(actions.erase, "erase", iter([portal]), 1, as_json=as_json)

    def _act_on_many(
        self, act: str, *, names: list[str], everyone: bool, as_json: bool, **options: Any
    ) -> None:
        filters = _filters(options)
        if sum((bool(names), bool(filters), everyone)) != 1:
            text = "Name portals, or choose them by filters, or say --all: one of the three."
            raise CommandError(text, returncode=MISUSED)
        if names:
            portals = [finding.named(name) for name in names]
            total, chosen = len(portals), iter(portals)
        else:
            found = finding.select(filters)
            total, chosen = found.count(), finding.one_by_one(found)
        self._act(ACTS[act][0], act, chosen, total, as_json=as_json)

    def _act(self, act: Act, name: str, portals: Iterator[Portal], total: int, *, as_json: bool) -> None:
        """Act on one after the other; exit with `FAILED` if one of them failed."""
        done = failed = 0
        try:
            for portal in portals:
                said = {"act": name, "member_id": portal.member_id, "domain": portal.domain}
                outcome = act(portal, BY)
                done, failed = done + 1, failed + (not outcome.ok)
                self._say(said, outcome, as_json=as_json)
                if total > 1 and (done % _PROGRESS_EVERY == 0 or done == total):
                    self.stderr.write(f"{done}/{total}, {failed} failed")
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted after {done} of {total}.", returncode=INTERRUPTED) from None
        if failed:
            raise CommandError(f"{name}: {failed} of {done} failed.", returncode=FAILED)

    def _say(self, said: Mapping[str, str], outcome: Outcome, *, as_json: bool) -> None:
        if as_json:
            ending = {"ok": outcome.ok, "reason": outcome.reason, "text": outcome.text}
            self.stdout.write(_json({**said, **ending}))
        else:
            mark = self.style.SUCCESS("ok") if outcome.ok else self.style.ERROR("failed")
            name = said["domain"] or said["member_id"]
            self.stdout.write(f"{name}: {mark}, {outcome.reason}. {outcome.text}")


def _typed() -> str:
    try:
        return input().strip()
    except EOFError:  # nobody is there to ask
        return ""


def _add_names(parser: ArgumentParser, count: int | str) -> None:
    parser.add_argument("names", nargs=count, metavar="PORTAL", help="a member_id or domain")


def _add_filters(parser: ArgumentParser) -> None:
    parser.add_argument("--status", choices=Portal.Status.values, default="")
    parser.add_argument("--reason", default="", help="the reason code of the status")
    parser.add_argument("--search", default="", help="a part of the domain or the start of the member_id")
    parser.add_argument("--failing", action="store_true", help="blocked, or with a token that fails")


def _filters(options: Mapping[str, Any]) -> Filters:
    return Filters(**{name: options[name] for name in ("status", "reason", "search", "failing")})


def _write(command: BaseCommand, piece: str) -> None:
    command.stdout.write(piece, ending="")


def _private_file(path: Path) -> Any:
    """A file that only this account reads, also one that was there: it holds what people wrote."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _lines(known: Mapping[str, Any]) -> Iterator[str]:
    for name, value in known.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{name}:"
            yield from (f"  {_json(row)}" for row in value)
        else:
            yield f"{name + ':':<22} {value if isinstance(value, str) else _json(value)}"


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
