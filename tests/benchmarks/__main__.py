"""Runs the sections on services of their own: ``python -m tests.benchmarks [section …]``."""

import importlib
import os
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from development.embedded import Embedded
from tests.benchmarks import report
from tests.benchmarks.world import World
from tests.support.emulator import Emulator

SECTIONS = ("opens", "crowds", "browser", "scale", "tokens", "events", "rush", "writing")


def main(asked: list[str]) -> int:
    """Exit status 1 if a target was missed, 2 for an unknown section."""
    unknown = set(asked) - set(SECTIONS)
    if unknown:
        report.say(f"No such section: {', '.join(sorted(unknown))}. There are: {', '.join(SECTIONS)}.")
        return 2
    missed = False
    with (
        tempfile.TemporaryDirectory(prefix="chat-notebook-bench-") as folder,
        Emulator() as emulator,
        Embedded(Path(folder)) as services,
    ):
        _prepare(services, emulator)
        for section in asked or SECTIONS:
            missed |= _run(section, World(emulator, Path(folder)))
    report.say(f"\nResults are in {report.RESULTS.name} of {report.RESULTS.parent.name}/.")
    return 1 if missed else 0


def _run(section: str, world: World) -> bool:
    """True if a target was missed."""
    world.clean()
    report.header(section)
    found = report.Report(section)
    importlib.import_module(f"tests.benchmarks.{section}").run(world, found)
    found.save()
    return any(figure.reached is False for figure in found.figures)


def _prepare(services: Embedded, emulator: Emulator) -> None:
    """The environment of our processes as in production, but for plain http to the emulated Bitrix24."""
    os.environ.update(
        {
            "SECRET_KEY": "only-for-benchmarks-" + "x" * 50,
            "DEBUG": "false",
            "SECURE_SSL_REDIRECT": "false",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "BITRIX24_CLIENT_ID": emulator.client_id,
            "BITRIX24_CLIENT_SECRET": emulator.client_secret,
            "BITRIX24_OAUTH_URL": emulator.oauth_url,
            "BITRIX24_TRUSTED_NETWORKS": "127.0.0.0/8,::1/128",
            "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "DJANGO_SETTINGS_MODULE": "sidebar_project.settings",
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
        }
    )
    import django  # noqa: PLC0415 - the settings read the environment once

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or os.environ.get("ONLY", "").split()))
