"""The search for leaked tokens (tests/support/leaks.py) finds what is there, wherever it is, and fails the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.emulator import ROOT

HEAD = """
import logging
import subprocess
import sys

import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory

from tests.support import leaks
from tests.support.emulator import Emulator

log = structlog.get_logger("leaky")


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def token(emulator):
    return emulator.control.install("alpha")["fields"]["AUTH_ID"]
"""
LEAKS = {
    "log of leaky": "def test_{n}(token): log.info('stored', token=token)",
    "traceback in log of leaky": """
def test_{n}(token):
    try:
        raise ValueError(f'x{{token[:30]}}')
    except ValueError:
        log.exception('failed')
""",
    "log of urllib3": "def test_{n}(token): logging.getLogger('urllib3').error('GET /?auth=%s', token)",
    "answer of /admin/": """
def test_{n}(token):
    leaks.PageReader(lambda _: HttpResponse(token.encode()))(RequestFactory().get('/admin/'))
""",
    "Captured stdout call": "def test_{n}(token): print(f'&auth%3D{{token}}')",
    "file output-worker": """
def test_{n}(token):
    with leaks.output('worker') as output:
        subprocess.run([sys.executable, '-c', f'print("{{token}}")'], stdout=output, check=True)
""",
}


def run(folder: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    """A run of pytest with these tests and our plugins."""
    path = folder / "test_leaky.py"
    path.write_text("\n\n".join([HEAD, *(test.format(n=number) for number, test in enumerate(tests))]))
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        [*command, "-c", "pyproject.toml", "--rootdir", str(folder), str(path)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_every_leak_is_found_and_fails_the_run(tmp_path: Path) -> None:
    # Each with a token of its own: a token is reported where it was seen first.
    result = run(tmp_path, *LEAKS.values())

    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout + result.stderr
    assert f"{len(LEAKS)} passed" in result.stdout
    missing = [place for place in LEAKS if f"TOKEN LEAKED: {place}" not in result.stdout]
    assert missing == [], result.stdout


def test_a_run_without_leaks_passes(tmp_path: Path) -> None:
    result = run(tmp_path, "def test_{n}(token): log.info('stored', length=len(token))")

    assert result.returncode == pytest.ExitCode.OK, result.stdout + result.stderr
    assert "LEAKED" not in result.stdout
