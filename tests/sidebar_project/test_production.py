"""Production settings: they refuse what is unsafe, and pass Django's own deployment checks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def manage(*arguments: str, folder: Path = ROOT, **changed: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=folder,
        env=os.environ | PRODUCTION | changed,
        capture_output=True,
        text=True,
        check=False,
    )


def without(folder: Path, *left_out: str) -> Path:
    """A copy of what is deployed, without some of it."""
    for name in ("manage.py", "sidebar_project", "portals", "widget", "operators", "templates", "locale"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", *left_out)
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy(
            source, folder
        )
    return folder


@pytest.mark.parametrize(
    ("left_out", "said"), [((), "portals.E008"), (("*.mo",), "portals.E007")], ids=["static", "translations"]
)
def test_a_deployment_that_is_not_built_says_so_and_does_not_start(
    tmp_path: Path, left_out: tuple[str, ...], said: str
) -> None:
    folder = without(tmp_path, *left_out)
    for command in (("manage.py", "check", "--deploy"), ("-c", "import sidebar_project.wsgi")):
        result = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=os.environ | PRODUCTION,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode != 0
        assert said in result.stderr
        assert "Traceback" not in result.stderr


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


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is deployed, built."""
    folder = without(tmp_path_factory.mktemp("deployment"))
    manage("collectstatic", "--noinput", folder=folder).check_returncode()
    return folder


def test_check_deploy_is_clean(deployment: Path) -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", folder=deployment)
    assert result.returncode == 0, result.stderr
    assert "no issues (0 silenced)" in result.stdout


def test_the_example_filled_in_is_a_clean_deployment(deployment: Path) -> None:
    """The variables of deploy/.env.example and nothing else, as compose and systemd give them."""
    services = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "PATH")}
    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=deployment, env=filled_in() | services, capture_output=True, text=True, check=False,
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
def test_what_is_unsafe_is_refused_by_name(changed: dict[str, Any], said: str) -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", **changed)
    assert result.returncode != 0
    assert said in result.stderr
