"""pytest plugin: real PostgreSQL and Valkey for the suite, and the environment of the settings.

Loaded before the settings are read (``-p`` in pyproject.toml). Test workers inherit what the first process set.
"""

import os
import tempfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from development.embedded import Embedded, environment

# A folder of its own for every run: two runs at once must not share a test database.
_folder = tempfile.TemporaryDirectory(prefix="chat-notebook-test-", ignore_cleanup_errors=True)
_services = Embedded(Path(_folder.name), durable=False)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Set the environment, start services that it does not name."""
    values = {
        "SECRET_KEY": "test-secret-key-" + "x" * 50,
        # Static files straight from their sources; pytest-django itself switches Django's DEBUG off.
        "DEBUG": "true",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "BITRIX24_CLIENT_ID": "app.5f0a3c1b9d2e47.10000001",
        "BITRIX24_CLIENT_SECRET": "emulated-secret-of-chat-notebook",
        "BITRIX24_TRUSTED_NETWORKS": "127.0.0.0/8,::1/128",
        # Written when a test asks for it: a thread would write past the test's transaction.
        "API_CALL_FLUSH_SECONDS": "0",
        "METRICS_FLUSH_SECONDS": "0",
        "METRICS_TOKEN": "metrics-token-of-the-tests",
        "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # Cache and queues of its own, as it has a database: every test empties them.
        server, _, _ = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{server}/{1 + int(worker.removeprefix('gw'))}"
        return
    os.environ.update(values)
    if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
        _services.start()
        os.environ.update(environment(_services))


def pytest_unconfigure() -> None:
    """Stop what was started here."""
    _services.stop()
    _folder.cleanup()
