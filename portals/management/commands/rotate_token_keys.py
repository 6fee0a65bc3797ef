"""``manage.py rotate_token_keys``: docs/tokens.md says when."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portals.tokens import rotation


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret with the first of TOKEN_ENCRYPTION_KEYS, while the application serves. "
        "Interrupted, run it again: what is done is skipped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--portion", type=int, default=500, help="rows read at a time (default 500)")
        parser.add_argument(
            "--pause", type=float, default=0.05, help="seconds between portions (default 0.05)"
        )

    def handle(self, *, portion: int, pause: float, **_: Any) -> None:
        changed: dict[str, int] = {}
        for progress in rotation.rotate(portion=portion, pause=pause):
            changed[progress.field] = progress.changed
            self.stdout.write(f"{progress.field}: {progress.seen} seen, {progress.changed} encrypted anew")
        self.stdout.write(self.style.SUCCESS(f"Done, {sum(changed.values())} values encrypted anew."))
