"""``manage.py portals``: what scripts read and which exit codes they get."""

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from portals.models import Portal, PortalToken, PortalTransition
from tests.support.emulator import ROOT, Emulator
from tests.support.opens import Opens
from tests.support.paper import paper_portals

pytestmark = pytest.mark.django_db
Install = Callable[..., Portal]


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("portals", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def rows(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json").splitlines()]


def failure(*arguments: str) -> tuple[int, str, str]:
    """Exit code, error and standard output of a run that does not succeed."""
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("portals", *arguments, stdout=out, stderr=io.StringIO())
    return caught.value.returncode, str(caught.value), out.getvalue()


@pytest.fixture
def four(emulator: Emulator) -> list[Portal]:
    """A healthy portal, a blocked one, one whose token fails and one that left."""
    portals = [token.portal for token in paper_portals(emulator, 4, due_in=timedelta(minutes=50))]
    portals[1].block("unpaid")
    PortalToken.objects.filter(portal=portals[2]).update(failures=3, last_error="server_trouble")
    portals[3].mark_deleted("uninstalled")
    return portals


def members(found: list[dict[str, Any]]) -> list[str]:
    return [row["member_id"] for row in found]


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ([], [0, 1, 2, 3]),
        (["--status", "blocked"], [1]),
        (["--reason", "uninstalled"], [3]),
        (["--failing"], [1, 2]),
        (["--failing", "--status", "active"], [2]),
    ],
)
def test_list_filters(four: list[Portal], filters: list[str], chosen: list[int]) -> None:
    assert members(rows("list", *filters)) == [four[index].member_id for index in chosen]


def test_list_finds_by_domain_and_by_the_start_of_the_member_id(four: list[Portal]) -> None:
    assert members(rows("list", "--search", four[2].domain[4:].upper())) == [four[2].member_id]
    assert members(rows("list", "--search", four[1].member_id[:20])) == [four[1].member_id]
    assert rows("list", "--search", "nowhere") == []


def test_list_tells_facts_and_no_token(four: list[Portal]) -> None:
    row = rows("list")[2]
    assert (row["status"], row["last_error"], row["next_refresh"][:2]) == ("active", "server_trouble", "20")
    text = run("list") + run("list", "--json")
    assert four[1].domain in text
    assert "unpaid" in text
    assert not [t for t in PortalToken.objects.all() if t.access_token in text or t.refresh_token in text]


def test_list_of_many_is_one_query(
    four: list[Portal], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert len(rows("list")) == 4


def test_show_by_member_id_or_domain(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.block("unpaid")
    [shown] = rows("show", portal.member_id)
    assert [shown] == rows("show", portal.domain.upper())
    assert (shown["status"], shown["handlers_current"], shown["events_pending"]) == ("blocked", True, 0)
    assert [line["reason"] for line in shown["history"]] == ["unpaid", "installed"]
    assert shown["tokens"][0]["user_id"] == 1
    token = PortalToken.objects.get()
    text = run("show", portal.domain) + json.dumps(shown)
    assert not [
        s for s in (token.access_token, token.refresh_token, portal.application_token) if s and s in text
    ]


def test_a_name_that_nobody_has_is_misuse(four: list[Portal]) -> None:
    assert failure("show", "nowhere.example")[0] == 2
    Portal.objects.update(domain="same.example")
    code, text, _ = failure("verify", "same.example")
    assert (code, "member_id" in text) == (2, True)


def test_acts_answer_for_each_portal_and_fail_if_one_does(
    opens: Opens, emulator: Emulator, installed: Install
) -> None:
    alpha, beta = installed("alpha"), installed("beta")
    [said] = rows("verify", alpha.member_id)
    assert (said["act"], said["domain"], said["ok"], said["reason"]) == (
        "verify",
        alpha.domain,
        True,
        "alive",
    )
    emulator.control.fault("alpha", "500")
    code, text, out = failure("verify", "--all", "--json")
    said_of = {row["member_id"]: row["ok"] for row in map(json.loads, out.splitlines())}
    assert said_of == {alpha.member_id: False, beta.member_id: True}
    assert (code, text) == (1, "verify: 1 of 2 failed.")


def test_acts_for_many_choose_by_filters_and_nobody_by_accident(installed: Install) -> None:
    portal = installed()
    for arguments in ([], ["--all", "--failing"], [portal.domain, "--all"]):
        assert failure("refresh", *arguments)[0] == 2
    assert PortalToken.objects.get().generation == 1
    assert rows("refresh", "--failing") == []
    assert [row["reason"] for row in rows("refresh", "--search", portal.domain[:5])] == ["refreshed"]
    assert PortalToken.objects.get().generation == 2


def test_reconcile_block_and_unblock(installed: Install) -> None:
    portal = installed()
    assert "reconciled" in run("reconcile", portal.domain)
    assert "blocked" in run("block", portal.domain, "--note", "abuse")
    line = PortalTransition.objects.latest("pk")
    assert (line.new, line.by, line.note) == ("blocked", "command", "abuse")
    assert [row["reason"] for row in rows("unblock", "--reason", "operator")] == ["unblocked"]
    portal.refresh_from_db()
    assert portal.status == "active"


def test_progress_is_told_beside_the_answers(emulator: Emulator) -> None:
    paper_portals(emulator, 27, due_in=timedelta(minutes=50))
    told, out = io.StringIO(), io.StringIO()
    call_command("portals", "refresh", "--all", "--json", stdout=out, stderr=told)
    assert len(out.getvalue().splitlines()) == 27
    assert told.getvalue().splitlines() == ["25/27, 0 failed", "27/27, 0 failed"]


def test_export_to_a_file_that_others_cannot_read(installed: Install, tmp_path: Path) -> None:
    portal = installed()
    assert json.loads(run("export", portal.domain))["portal"]["member_id"] == portal.member_id
    path = tmp_path / "held.json"
    path.write_text("an older one, for everybody")
    path.chmod(0o644)
    assert run("export", portal.domain, "--output", str(path)) == ""
    assert json.loads(path.read_text())["portal"]["domain"] == portal.domain
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("typed", "erased"), [("{domain}\n", True), ("yes\n", False), ("", False)])
def test_erase_asks_for_the_domain(
    installed: Install, monkeypatch: pytest.MonkeyPatch, typed: str, erased: bool
) -> None:
    portal = installed()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed.format(domain=portal.domain)))
    if erased:
        assert "erased" in run("erase", portal.domain)
    else:
        assert failure("erase", portal.domain)[:2] == (2, "Nothing was erased.")
    assert Portal.objects.exists() is not erased


def test_erase_without_a_question(installed: Install) -> None:
    assert [row["ok"] for row in rows("erase", installed().member_id, "--yes")] == [True]
    assert not Portal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_script_reads_nothing_but_json_and_may_stop_reading(emulator: Emulator, settings: Any) -> None:
    paper_portals(emulator, 1500, due_in=timedelta(minutes=50))
    address = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(address._replace(path=f"/{settings.DATABASES['default']['NAME']}"))
    environment = os.environ | {"DATABASE_URL": database, "BITRIX24_OAUTH_URL": emulator.oauth_url}

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        command = [
            "bash",
            "-o",
            "pipefail",
            "-c",
            line.replace("portals", f"{sys.executable} manage.py portals"),
        ]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    cut = shell("portals list --json | head -n 1")
    assert (cut.returncode, cut.stderr) == (0, "")
    member_id = json.loads(cut.stdout)["member_id"]
    refreshed = shell(f"portals refresh {member_id} --json")
    assert [row["ok"] for row in map(json.loads, refreshed.stdout.splitlines())] == [True]
    assert "operator_act" in refreshed.stderr
    assert shell("portals show nowhere.example").returncode == 2
    emulator.control.fault("oauth", "500")
    assert shell(f"portals refresh {member_id}").returncode == 1
