"""Production settings: they refuse what is unsafe, and pass Django's own deployment checks."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from tests.deploy.test_files import filled_in
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


def test_operators_cookies_are_secure_and_a_password_is_not_enough() -> None:
    names = (
        "SESSION_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE ADMIN_REQUIRE_SECOND_FACTOR PROXY_COUNT"
    )
    code = (
        f"from django.conf import settings; print(*(getattr(settings, name) for name in '{names}'.split()))"
    )
    printed = manage("shell", "--no-imports", "-c", code).stdout.split()
    assert printed == ["__Secure-operator", "True", "True", "True", "1"]


def test_a_password_alone_is_warned_of() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", ADMIN_REQUIRE_SECOND_FACTOR="false")
    assert result.returncode != 0
    assert "operators.W001" in result.stderr


def test_check_deploy_is_clean() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues (0 silenced)" in result.stdout


def test_the_example_filled_in_is_a_clean_deployment() -> None:
    """The variables of deploy/.env.example and nothing else, as compose and systemd give them."""
    services = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "PATH")}
    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=filled_in() | services, capture_output=True, text=True, check=False,
    )  # fmt: skip
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
        ({"BITRIX24_OAUTH_URL": "https://oauth.bitrix.info, http://oauth.example.com"}, "portals.E003"),
        ({"BITRIX24_OAUTH_URL": ""}, "portals.E006"),
        ({"ALLOWED_HOSTS": "notes.example.com"}, "portals.E005"),
        ({"TOKEN_REFRESH_MARGIN": "5"}, "portals.E010"),
        ({"TOKEN_ACTIVE_WINDOW": "60"}, "portals.E010"),
        ({"TOKEN_KEEPALIVE": str(170 * 24 * 3600)}, "portals.E010"),
        # Django's own: a key that is short, cookies and redirects without TLS.
        ({"SECRET_KEY": "short"}, "security.W009"),
        ({"DEBUG": "true"}, "security.W018"),
        ({"SECURE_SSL_REDIRECT": "false"}, "security.W008"),
        ({"PROXY_COUNT": "-1"}, "operators.E001"),
    ],
)
def test_what_is_unsafe_is_refused_by_name(changed: dict[str, str], said: str) -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", **changed)
    assert result.returncode != 0
    assert said in result.stderr
