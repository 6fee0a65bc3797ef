"""Carries out a Dockerfile without Docker: its steps as written, on an overlay of this machine's root.

What differs from a real build: the base images are this machine (which must have the node and Python they bring).
What runs is as strict as compose.yaml asks: read-only root, fresh /tmp, the image's user, no capabilities.
Needs root and the right to mount; nothing outside the folder given is changed.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Settings of package clients and certificates, which a real build takes from its base image or build arguments.
_PASSED_ON = re.compile(r"PIP_|npm_|NODE_EXTRA_|SSL_|REQUESTS_CA|HTTPS?_PROXY|NO_PROXY", re.IGNORECASE)


@dataclass
class Stage:
    """A stage, or the image itself: its files as the upper folder of an overlay, and what was declared."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": SYSTEM_PATH})
    workdir: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def path(self, path: str) -> Path:
        """Where a path of the image is in the upper folder."""
        return self.files / os.path.normpath(f"{self.workdir}/{path}" if path[0] != "/" else path).lstrip("/")

    def inside(
        self, command: str, *, read_only: bool = False, sockets: Mapping[Path, str] | None = None
    ) -> list[str]:
        """The command that runs ``command`` in here; ``sockets`` are lent to it under other names."""
        root, work = self.folder / "root", self.folder / "work"
        for folder in (root, work, self.files):
            folder.mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir=/,upperdir={self.files},workdir={work}"
        script = ["set -e", f"mount -t overlay overlay -o {layers} {root}", f"mkdir -p {root}{self.workdir}"]
        script += [f"mount --rbind /{name} {root}/{name}" for name in ("proc", "dev")]
        script += [f"mount -t tmpfs tmpfs {root}/{name}" for name in ("tmp", "run")]
        for source, target in (sockets or {}).items():
            script += [f"mkdir -p {root}{Path(target).parent}", f"touch {root}{target}"]
            script += [f"mount --bind {source} {root}{target}"]
        enter = ["chroot", str(root)]
        if read_only:
            user, group = self.user.split(":")
            script += [f"mount -o remount,ro {root}"]
            enter += ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
            enter += ["--inh-caps=-all", "--bounding-set=-all"]
        enter += ["sh", "-c", f"cd {self.workdir} && {command}"]
        return [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            "\n".join([*script, f"exec {shlex.join(enter)}"]),
        ]


def possible() -> bool:
    """Whether this user may mount, and the machine has the Python that stands in for the base image's."""
    commands = (["/usr/bin/unshare", "--mount", "true"], ["/usr/bin/python3", "-c", "import ensurepip"])
    return os.geteuid() == 0 and all(subprocess.run(each, check=False).returncode == 0 for each in commands)


def build(dockerfile: Path, context: Path, folder: Path) -> Stage:
    """Carry out every step. Raises CalledProcessError, AttributeError for an instruction unknown here."""
    ignored = (dockerfile.parent / f"{dockerfile.name}.dockerignore").read_text().splitlines()
    builder = _Builder(context, ignored, folder)
    for name, rest in instructions(dockerfile.read_text()):
        step = "from_" if name == "FROM" else name.lower()
        getattr(builder, step)(rest)
    return builder.stage


class _Builder:
    """One method for each instruction."""

    def __init__(self, context: Path, ignored: Sequence[str], folder: Path) -> None:
        self.context = context
        self.ignored = ignored
        self.folder = folder
        self.stages: dict[str, Stage] = {}
        self.stage = Stage(folder)

    def from_(self, rest: str) -> None:
        self.stage = Stage(self.folder / str(len(self.stages)))
        self.stage.path("/usr/local/bin").mkdir(parents=True)
        self.stage.path("/usr/local/bin/python").symlink_to("/usr/bin/python3")
        self.stages[rest.partition(" AS ")[2]] = self.stage

    def workdir(self, rest: str) -> None:
        self.stage.workdir = rest
        self.stage.path(rest).mkdir(parents=True, exist_ok=True)

    def env(self, rest: str) -> None:
        for name, _, value in (each.partition("=") for each in shlex.split(rest)):
            self.stage.environment[name] = value.replace("$PATH", self.stage.environment["PATH"])

    def copy(self, rest: str) -> None:
        *sources, target = shlex.split(rest)
        origin = None
        if sources[0].startswith("--from="):
            origin = self.stages[sources.pop(0).removeprefix("--from=")]
        for source in sources:
            found = origin.path(source) if origin else self._allowed(source)
            wanted = self.stage.path(target)
            if target.endswith("/"):
                wanted = wanted / found.name
            wanted.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                shutil.copytree(found, wanted, symlinks=True, ignore=None if origin else self._ignore)
            else:
                shutil.copy2(found, wanted)

    def run(self, rest: str) -> None:
        passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.match(name)}
        subprocess.run(self.stage.inside(rest), env=passed_on | self.stage.environment, check=True)

    def user(self, rest: str) -> None:
        self.stage.user = rest

    def cmd(self, rest: str) -> None:
        self.stage.command = json.loads(rest)

    def healthcheck(self, rest: str) -> None:
        self.stage.healthcheck = json.loads(rest.partition(" CMD ")[2])

    def expose(self, rest: str) -> None:
        """Says something to readers alone, like the next."""

    def stopsignal(self, rest: str) -> None:
        assert rest == "SIGTERM"

    def _allowed(self, source: str) -> Path:
        if not any(rule[0] == "!" and f"{source}/".startswith(f"{rule[1:]}/") for rule in self.ignored):
            raise FileNotFoundError(f"{source} is no part of the build context (.dockerignore)")
        return self.context / source

    def _ignore(self, folder: str, names: list[str]) -> list[str]:
        inside = Path(folder).relative_to(self.context)
        rules = [rule for rule in self.ignored if rule[0] not in "!#" and rule != "*"]
        return [
            name
            for name in names
            if any(
                fnmatch(str(inside / name), rule) or fnmatch(name, rule.removeprefix("**/")) for rule in rules
            )
        ]


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Name and arguments of each instruction, continued lines joined."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.partition(" ")
        yield name, rest.strip()
