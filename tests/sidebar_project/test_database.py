"""``DATABASE_URL``: whatever libpq reads."""

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from sidebar_project.database import from_url
from tests.support.emulator import ROOT


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql:///notes", {"NAME": "notes", "HOST": "", "PORT": "", "USER": ""}),
        (
            "postgres://mia:p%40ss%2Fword@db.example.com:5433/notes",
            {
                "NAME": "notes",
                "USER": "mia",
                "PASSWORD": "p@ss/word",
                "HOST": "db.example.com",
                "PORT": "5433",
            },
        ),
        ("postgresql://mia@%2Fvar%2Frun%2Fpostgresql/notes", {"HOST": "/var/run/postgresql", "USER": "mia"}),
        ("postgresql:///notes?host=/var/run/postgresql", {"HOST": "/var/run/postgresql", "NAME": "notes"}),
        ("postgresql://one:5432,two:5433/notes", {"HOST": "one,two", "PORT": "5432,5433"}),
        ("host=db dbname=notes user=mia", {"HOST": "db", "NAME": "notes", "USER": "mia"}),
    ],
)
def test_addresses(url: str, expected: dict[str, str]) -> None:
    assert expected.items() <= from_url(url).items()


def test_options_reach_libpq() -> None:
    options = from_url("postgresql://db/notes?sslmode=verify-full&connect_timeout=7")["OPTIONS"]
    assert (options["sslmode"], options["connect_timeout"]) == ("verify-full", "7")


def test_what_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is no address") as raised:
        from_url("postgresql://mia:secret@[/notes")
    assert "secret" not in str(raised.value)


def test_without_a_configuration_one_sentence_says_what_to_set() -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("SECRET_KEY is not set")
