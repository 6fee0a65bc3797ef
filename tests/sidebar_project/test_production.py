"""Production settings: they refuse what is unsafe, and pass Django's own deployment checks."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from tests.support.emulator import ROOT

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "kZ8-Qw3_vT5xL1mN7pR2sY9uB4cD6eF0gH1jK3aWqXz5yUoIi-Qw3_vT5x",
    "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "BITRIX24_CLIENT_ID": "app.5f0a.1",
    "BITRIX24_CLIENT_SECRET": "secret",
    "BITRIX24_OAUTH_URL": "https://oauth.bitrix.info",
    "BITRIX24_TRUSTED_NETWORKS": "",
    "PUBLIC_URL": "https://notebook.example.com",
    "ALLOWED_HOSTS": "notebook.example.com",
    "METRICS_TOKEN": "",
}


def manage(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | PRODUCTION | changed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_deploy_is_clean() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues (0 silenced)" in result.stdout


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"BITRIX24_CLIENT_SECRET": ""}, "portals.E001"),
        ({"TOKEN_ENCRYPTION_KEYS": ""}, "portals.E002"),
        ({"TOKEN_ENCRYPTION_KEYS": "not-a-key"}, "portals.E002"),
        ({"PUBLIC_URL": "http://notebook.example.com"}, "portals.E003"),
        ({"METRICS_TOKEN": "guess-me"}, "portals.E004"),
        ({"BITRIX24_OAUTH_URL": "http://oauth.example.com"}, "portals.E003"),
    ],
)
def test_what_is_unsafe_is_refused_by_name(changed: dict[str, str], said: str) -> None:
    result = manage("check", "--deploy", **changed)
    assert result.returncode != 0
    assert said in result.stderr
