"""Whether a warm open stays what it is when portals and notes become many."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection
from django.test import Client

from portals.models import Portal
from tests.benchmarks.opens import change_all
from tests.benchmarks.report import Figure, Report, say
from tests.benchmarks.serving import Request, Server, in_turns, load, served
from tests.benchmarks.world import World
from tests.support import many
from tests.support.opens import Opens, frame_data
from widget.models import Chat, Note
from widget.notebook.notes import PAGE_SIZE

PERSON, CHAT = 3, "chat22"
PORTALS = (10, 1_000, 100_000)
# From the second on all show the same number of notes.
NOTES = (10, PAGE_SIZE, 100, 1_000, 10_000)
NOTES_OF_CHAT = 20
REQUESTS = 1_000


def run(world: World, report: Report) -> None:
    """Databases of one server that differ in their portals only; then chats that differ in their notes only."""
    opens = Opens(world.emulator, Client())
    assert opens.install().status_code == 200
    world.emulator.control.install_finish("alpha")
    form = opens.form("alpha", PERSON, CHAT)
    _write(opens, form, NOTES_OF_CHAT)
    _notes(world, opens, report)
    _portals(world, form, report)


def _portals(world: World, form: dict[str, Any], report: Report) -> None:
    request = Request.of(form, b'id="notebook"')
    with ExitStack() as stack:
        servers = {}
        for number, (count, url) in enumerate(stack.enter_context(_databases()).items()):
            redis_url = settings.REDIS_URL.replace("/0", f"/{number + 1}")
            variables = {"DATABASE_URL": url, "REDIS_URL": redis_url}
            servers[count] = stack.enter_context(served(world, "sidebar_project.wsgi", **variables))
        medians = _measure({count: (server, request) for count, server in servers.items()}, "portals")
    for count in PORTALS[1:]:
        report.add(
            _flat(f"warm open, {count:,} portals against {PORTALS[0]}", medians, count, PORTALS[0], 1.1)
        )


def _notes(world: World, opens: Opens, report: Report) -> None:
    control = world.emulator.control
    requests = {}
    for count in NOTES:
        chat = control.add_chat("alpha", title=f"{count} notes", members=[PERSON], owner=PERSON)
        form = opens.form("alpha", PERSON, f"chat{chat}")
        _write(opens, form, count)
        requests[count] = Request.of(form, b'id="notebook"')
    with served(world, "sidebar_project.wsgi") as server:
        targets = {count: (server, request) for count, request in requests.items()}
        kept = _measure(targets, "notes, pages kept")
        anew = _measure(targets, "notes, every page read and rendered anew", before=change_all)
    for count in NOTES[2:]:
        report.add(_flat(f"first view, {count:,} notes against {NOTES[0]}", kept, count, NOTES[0], 1.2))
    for count in NOTES[2:]:
        name = f"first view rendered anew, {count:,} notes against {PAGE_SIZE}"
        report.add(_flat(name, anew, count, PAGE_SIZE, 1.2))
    name = f"first view rendered anew, {PAGE_SIZE} notes against {NOTES[0]}"
    report.add(_flat(name, anew, PAGE_SIZE, NOTES[0], None))


def _measure(
    targets: dict[int, tuple[Server, Request]], what: str, *, before: Callable[[], object] = lambda: None
) -> dict[int, float]:
    """Median seconds of each by its number."""
    for server, request in targets.values():
        load(server, [request] * 100)
    say(f"  · {what}: {len(targets)} times {REQUESTS} opens in turns")
    found = in_turns({str(count): target for count, target in targets.items()}, REQUESTS, before=before)
    return {count: found[str(count)] for count in targets}


def _flat(name: str, medians: dict[int, float], count: int, base: int, most: float | None) -> Figure:
    return Figure(name, medians[count] * 1000, medians[base] * 1000, "ms", at_most=most)


def _write(opens: Opens, form: dict[str, Any], count: int) -> None:
    """Notes of the usual kind: the first through the API, the rest as its copies."""
    session = frame_data(opens.post(form))["session"]
    added = opens.api(session).add("Agreement **of** the meeting\n\n- [ ] call https://example.com")
    note = Note.objects.get(pk=added["id"])
    many.copies(note, f"generate_series(2, {count}) n", changed_in="n")
    Chat.objects.filter(pk=note.chat_id).update(revision=count)


@contextmanager
def _databases() -> Iterator[dict[int, str]]:
    """Copies of the section's database with more and more portals, as URLs by their number."""
    names = {count: f"bench_{count}" for count in PORTALS}
    try:
        present = 1
        for count, name in names.items():
            say(f"  · {count:,} portals are being made")
            _more_portals(count - present)
            present = count
            _copy(name)
        yield {count: _url(name) for count, name in names.items()}
    finally:
        for name in names.values():
            _run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _more_portals(count: int) -> None:
    """Each with a token and a chat."""
    template = Portal.objects.earliest("pk")
    before = Portal.objects.latest("pk").pk
    many.portals(template, count, first=before + 1)
    many.copies(template.tokens.get(), "portals_portal p", f"p.id > {before}", portal_id="p.id")
    many.copies(Chat.objects.earliest("pk"), "portals_portal p", f"p.id > {before}", portal_id="p.id")


def _copy(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    source = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's connections have it
    _run(f"CREATE DATABASE {name} TEMPLATE {source}")


def _run(statement: str) -> None:
    with psycopg.connect(_url("postgres"), autocommit=True) as server:
        server.execute(statement)


def _url(name: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
