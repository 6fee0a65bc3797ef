"""``make run``: everything on one machine, ended together by Ctrl-C.

Starts embedded PostgreSQL and Valkey, migrates, then runs the processes of the ``Procfile`` and the emulated
Bitrix24. Generated secrets and chosen ports stay in ``.data/dev.env``, so a second start finds the same portals.
"""

import fcntl
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil
import requests
from cryptography.fernet import Fernet
from honcho.environ import parse_procfile
from honcho.manager import Manager

from development import ports
from development.embedded import Embedded, environment

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".data"
DEV_ENV = DATA / "dev.env"
READY_FILE = DATA / "emulator.ready.json"
# Children carry this variable, so the next start can end what a killed launcher left behind.
START_SECONDS = 240
MARKER = "CHAT_NOTEBOOK_RUN"
PORTS = {"WEB_PORT": 8000, "OAUTH_PORT": 9000, "PORTAL_A_PORT": 9001, "PORTAL_B_PORT": 9002}
OPERATOR = ("operator", "operator")


def main() -> int:
    """Run until Ctrl-C; return the exit code."""
    os.chdir(ROOT)
    DATA.mkdir(exist_ok=True)
    lock = _lock()
    if lock is None:
        print("Chat Notebook is running already in this folder; end it first (Ctrl-C in its terminal).")
        return 1
    _end_leftovers()
    os.environ[MARKER] = str(DATA)
    settings = _dev_settings()
    with Embedded(DATA) as services:
        settings |= environment(services)
        _write_dev_env(settings)
        child_env = os.environ | settings | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        _step("migrating the database", ["manage.py", "migrate", "--verbosity", "0"], child_env)
        _step("creating the demo operator", ["manage.py", "demo_operator", *OPERATOR], child_env)
        return _run_processes(settings, child_env)


def _step(title: str, arguments: list[str], env: dict[str, str]) -> None:
    print(f"  · {title}", flush=True)
    subprocess.run([sys.executable, *arguments], env=env, check=True)


def _lock() -> IO[str] | None:
    handle = (DATA / "launcher.lock").open("w")
    try:
        # A record lock: it ends with this very process, while a flock would live on in forked children.
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return handle


def _end_leftovers() -> None:
    """End processes of an earlier, killed run; the lock proves that no living launcher owns them."""
    leftovers = []
    for process in psutil.process_iter(["name"]):
        try:
            marked = process.environ().get(MARKER) == str(DATA)
        except psutil.Error:
            continue
        if marked and process.pid != os.getpid() and process.info["name"] != "postgres":
            leftovers.append(process)
            with suppress(psutil.NoSuchProcess):  # one may have ended another, or itself, meanwhile
                process.terminate()
    if leftovers:
        print(f"  · ended {len(leftovers)} processes that an earlier run left behind")
        _, alive = psutil.wait_procs(leftovers, timeout=10)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _dev_settings() -> dict[str, str]:
    """Values of the last run where they can be kept, new ones where not."""
    known = _read_dev_env()
    chosen = {name: str(_free_port(name, int(known.get(name, default)))) for name, default in PORTS.items()}
    generated = {
        "SECRET_KEY": known.get("SECRET_KEY") or secrets.token_urlsafe(50),
        "TOKEN_ENCRYPTION_KEYS": known.get("TOKEN_ENCRYPTION_KEYS") or Fernet.generate_key().decode(),
        "BITRIX24_CLIENT_ID": known.get("BITRIX24_CLIENT_ID") or f"app.{secrets.token_hex(7)}.{10**7}",
        "BITRIX24_CLIENT_SECRET": known.get("BITRIX24_CLIENT_SECRET") or secrets.token_urlsafe(32),
    }
    addresses = {
        "DEBUG": "true",
        # Another host name than the portals', so that frames are cross-site as in production.
        "PUBLIC_URL": f"http://127.0.0.1:{chosen['WEB_PORT']}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "BITRIX24_OAUTH_URL": f"http://localhost:{chosen['OAUTH_PORT']}",
        "BITRIX24_TRUSTED_NETWORKS": "127.0.0.0/8,::1/128",
    }
    return {**chosen, **generated, **addresses}


def _read_dev_env() -> dict[str, str]:
    if not DEV_ENV.exists():
        return {}
    lines = (line.split("=", 1) for line in DEV_ENV.read_text().splitlines() if re.match(r"\w+=", line))
    return {name: value.strip('"') for name, value in lines}


def _write_dev_env(settings: dict[str, str]) -> None:
    text = "# Written by `make run`; delete the file to begin with new secrets and the default ports.\n"
    text += "".join(f'{name}="{value}"\n' for name, value in sorted(settings.items()))
    DEV_ENV.touch(mode=0o600)
    DEV_ENV.write_text(text)


def _free_port(name: str, preferred: int) -> int:
    try:
        port = ports.reserve(range(preferred, preferred + 500, 10))
    except OSError:
        raise SystemExit(f"No free port near {preferred} for {name}.") from None
    if port != preferred:
        print(f"  · port {preferred} is taken, using {port} for {name.removesuffix('_PORT').lower()}")
    return port


def _run_processes(settings: dict[str, str], env: dict[str, str]) -> int:
    READY_FILE.unlink(missing_ok=True)
    manager = Manager()
    manager.add_process("bitrix24", _emulator_command(settings), env=env)
    web_env = env | {"PORT": settings["WEB_PORT"], "HOST": "127.0.0.1"}
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env=web_env)
    threading.Thread(target=_announce, args=(settings,), daemon=True).start()
    manager.loop()
    # 130: ended by Ctrl-C, which is how it is meant to end.
    return 0 if manager.returncode in (0, 130) else int(manager.returncode or 1)


def _emulator_command(settings: dict[str, str]) -> str:
    portals = [settings["PORTAL_A_PORT"], settings["PORTAL_B_PORT"]]
    portal_options = " ".join(f"--portal-port {port}" for port in portals)
    return (
        f"{sys.executable} -m emulator --oauth-port {settings['OAUTH_PORT']} {portal_options}"
        f" --app-url {settings['PUBLIC_URL']} --state {DATA / 'emulator.json'} --ready-file {READY_FILE}"
    )


def _announce(settings: dict[str, str]) -> None:
    started = time.monotonic()
    while time.monotonic() - started < START_SECONDS:
        try:
            if requests.get(f"{settings['PUBLIC_URL']}/readyz", timeout=2).json()["status"] != "ok":
                raise ValueError
            portals = json.loads(READY_FILE.read_text())["portals"]
        except (requests.RequestException, OSError, ValueError):
            time.sleep(0.2)
            continue
        print(_banner(settings, portals), flush=True)
        return


def _banner(settings: dict[str, str], portals: list[dict[str, str]]) -> str:
    public = settings["PUBLIC_URL"]
    lines = [
        "",
        "Chat Notebook is running. Open one of the emulated portals, play an administrator, install it:",
        "",
        *(f"  {portal['title']:<22} {portal['url']}" for portal in portals),
        "",
        f"  {'Operators (admin)':<22} {public}/admin/   {OPERATOR[0]} / {OPERATOR[1]}",
        f"  {'API':<22} {public}/api/docs/",
        f"  {'Health':<22} {public}/readyz",
        "",
        "Ctrl-C ends all of it; data stays in .data/ for the next start.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
