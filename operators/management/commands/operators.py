"""``manage.py operators``: accounts for the admin (docs/operators.md)."""

import getpass
import secrets
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operators import accounts
from operators.accounts import Wish
from operators.roles import Role


class Command(BaseCommand):
    help = "Create an account for the admin, or change one. What is not named stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--role", choices=list(Role), help="operator acts, observer looks (default for new)"
        )
        parser.add_argument("--superuser", action="store_true", help="may change accounts, too")
        parser.add_argument("--no-superuser", action="store_false", dest="superuser")
        parser.add_argument(
            "--deactivate", action="store_false", dest="active", help="may not sign in any more"
        )
        parser.add_argument("--activate", action="store_true", dest="active")
        password = parser.add_mutually_exclusive_group()
        password.add_argument("--generate-password", action="store_true", help="set a new one and print it")
        password.add_argument("--password-stdin", action="store_true", help="read it from the standard input")
        password.add_argument("--change-password", action="store_true", help="ask for a new one")
        parser.add_argument("--reset-second-factor", action="store_true", help="for a lost authenticator")
        parser.set_defaults(superuser=None, active=None)

    def handle(self, *, username: str, role: str | None, **options: Any) -> None:
        password = _password(options)
        wish = Wish(
            role=Role(role) if role else None,
            superuser=options["superuser"],
            active=options["active"],
            password=password,
        )
        try:
            user, created = accounts.put(username, wish)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        if options["reset_second_factor"]:
            accounts.reset_second_factor(user)
        self.stdout.write(f"{username}: {'created' if created else 'changed'}.")
        if options["generate_password"]:
            self.stdout.write(f"Password: {password}")
        elif created and password is None:
            self.stdout.write("It has no password yet: --generate-password or --change-password.")


def _password(options: dict[str, Any]) -> str | None:
    if options["generate_password"]:
        return secrets.token_urlsafe(18)
    if options["password_stdin"]:
        return sys.stdin.readline().rstrip("\n")
    if not options["change_password"]:
        return None
    password = getpass.getpass("New password: ")
    if getpass.getpass("Again: ") != password:
        raise CommandError("They differ.")
    return password
