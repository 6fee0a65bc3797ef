"""Licences of what a deployment runs and what browsers get: docs/licences.md, and the list of those we accept.

python -m development.licences check|write
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"

# Permissive licences, and weak copyleft ones of libraries that we use unchanged. As packages word them.
ACCEPTED = frozenset(
    {
        "Apache Software License",
        "Apache-2.0",
        "BSD 3-Clause",
        "BSD License",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "LGPL-3.0-only",
        "LGPLv3",
        "MIT",
        "MIT License",
        "MIT-0",
        "Mozilla Public License 2.0 (MPL 2.0)",
        "PSF-2.0",
        "Unlicense",
    }
)
# Packages whose classifiers say something else than the licence in them.
EXPLAINED = {"qrcode": "BSD License"}
Row = tuple[str, str]


def python_packages() -> list[Row]:
    """Name and licence of every pinned runtime package. Raises: LookupError for one that is not installed."""
    lines = re.findall(r"^[A-Za-z0-9].*(?= \\$)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    pinned = [each.name for each in wanted if each.marker is None or each.marker.evaluate()]
    tool = Path(sys.executable).with_name("pip-licenses")
    command = [str(tool), "--from=mixed", "--with-system", "--format=json", "--packages", *pinned]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    found = {_normal(each["Name"]): str(each["License"]) for each in listed}
    if missing := {_normal(name) for name in pinned} - set(found):
        raise LookupError(f"not installed: {', '.join(sorted(missing))}")
    return sorted(found.items())


def npm_packages() -> list[Row]:
    """Name and licence of every npm package that may get into a bundle."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found = {
        path.rpartition("node_modules/")[2]: str(facts.get("license", "UNKNOWN"))
        for path, facts in packages.items()
        if path and not facts.get("dev")
    }
    return sorted(found.items())


def refused(rows: list[Row]) -> Iterator[Row]:
    """Rows whose licence is not accepted; where a package offers several, one is enough."""
    for name, licence in rows:
        options = EXPLAINED.get(name, licence).split(" OR ")
        if not any(set(re.split(r" AND |; ", option)) <= ACCEPTED for option in options):
            yield name, licence


def page(python: list[Row], npm: list[Row]) -> str:
    """The text of docs/licences.md."""
    lines = [
        "# Licences",
        "",
        "Written by `make licences`; `make lint` checks it, and that each licence is one we accept",
        "(`development/licences.py`). Chat Notebook itself is under the MIT licence.",
    ]
    for title, rows in (("Python packages", python), ("npm packages in the bundles", npm)):
        lines += ["", f"## {title}", "", "| package | licence |", "|---|---|"]
        lines += [f"| {name} | {licence} |" for name, licence in rows]
    return "\n".join(lines) + "\n"


def main(command: str) -> str | None:
    """Do what the command line says; returns what is wrong."""
    python, npm = python_packages(), npm_packages()
    wrong = [f"{name}: {licence} is not accepted" for name, licence in refused([*python, *npm])]
    text = page(python, npm)
    if command == "write":
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        wrong.append("docs/licences.md is out of date: make licences")
    return "\n".join(wrong) or None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
