"""What this machine has and what it lacks: ``make doctor``; `make setup` asks it first.

Runs on a bare python3, before anything is installed, so it uses the standard library alone and old syntax.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
# Bytes that a set-up takes: Python packages, JavaScript packages, and the databases of a first run.
SPACE = 1_500_000_000
TEMPORARY = 300_000_000
MEMORY = 2_000_000_000
# PostgreSQL's socket lies in the folder of its data; the system allows 107 bytes for its path.
LONGEST_FOLDER = 107 - len("/.data/postgres/.s.PGSQL.5432")

NEEDED, WANTED = "needed", "wanted"


def checks() -> Iterator[tuple[str, str, str, str]]:
    """Yield (name, NEEDED or WANTED, what is there or "", what to do if nothing is)."""
    version = ".".join(map(str, sys.version_info[:3]))
    new_enough = sys.version_info[:2] >= OLDEST
    yield (
        "Python",
        NEEDED,
        version if new_enough else "",
        f"This is Python {version}; install 3.11 or newer, or name one: make PYTHON3=/path/to/python3.12 setup",
    )
    has_venv = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
    yield (
        "virtual environments",
        NEEDED,
        "venv" if has_venv else "",
        "This python3 has no venv: install the package python3-venv (Debian, Ubuntu).",
    )
    yield from _space()
    yield (
        "length of the folder's name",
        NEEDED,
        str(len(str(ROOT))) if len(str(ROOT)) <= LONGEST_FOLDER else "",
        f"This folder's path has over {LONGEST_FOLDER} characters, too many for a database's socket: move it up.",
    )
    npm = _version("npm")
    yield "node and npm", WANTED, npm, "None here: `make setup` brings one into .venv (a package of PyPI)."
    chromium = _version("chromium") or _version("chromium-browser") or _version("google-chrome")
    yield (
        "Chromium",
        WANTED,
        chromium,
        "None here: browser tests are skipped. Debian: apt-get install chromium",
    )
    firefox = _version("firefox-esr") or _version("firefox")
    yield "Firefox", WANTED, firefox, "None here: its test is skipped. Debian: apt-get install firefox-esr"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield (
        "memory",
        WANTED,
        _size(memory) if memory >= MEMORY else "",
        f"Less than {_size(MEMORY)}: processes may be ended by the system.",
    )


def _space() -> Iterator[tuple[str, str, str, str]]:
    """Free space where it is needed: this folder until the set-up is done, and the temporary one."""
    installed = (ROOT / ".venv" / ".installed").exists()
    wanted = TEMPORARY if installed else SPACE
    places = (("disk space", ROOT, wanted), ("temporary space", tempfile.gettempdir(), TEMPORARY))
    for name, folder, least in places:
        free = shutil.disk_usage(folder).free
        yield (
            name,
            NEEDED,
            _size(free) if free >= least else "",
            f"{_size(free)} are free in {folder}, and {_size(least)} are needed.",
        )


def _version(program: str) -> str:
    if not shutil.which(program):
        return ""
    try:
        found = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return program
    return (found.stdout.strip().splitlines() or [program])[0]


def _size(number: float) -> str:
    return f"{number / 1e9:.1f} GB"


def main() -> int:
    """Exit status 1 if something is missing without which nothing runs."""
    parser = argparse.ArgumentParser(description="What this machine has and what it lacks.")
    parser.add_argument("--quiet", action="store_true", help="say only what is missing and needed")
    quiet = parser.parse_args().quiet
    missing = False
    for name, kind, found, advice in checks():
        missing |= kind == NEEDED and not found
        if quiet and (found or kind == WANTED):
            continue
        mark = "ok" if found else "MISSING" if kind == NEEDED else "without"
        sys.stdout.write(advice + "\n" if quiet else f"  {mark:<8}{name:<30}{found or advice}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
