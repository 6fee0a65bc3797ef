"""Ports: two starts at the same moment choose different ones."""

import subprocess
import sys

from development import ports
from tests.support.emulator import ROOT

CHOOSE = "from development import ports; print(ports.reserve(range(39100, 39200)), flush=True); input()"


def test_starts_at_the_same_moment_choose_different_ports() -> None:
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", CHOOSE], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    chosen = [process.stdout.readline() for process in starts if process.stdout]
    for process in starts:
        process.communicate("\n")
    assert len(set(chosen)) == len(starts)


def test_what_is_reserved_here_is_found_again() -> None:
    port = ports.any_free()
    assert ports.reserve([port]) == port
