"""Create the operator account of development."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operators import accounts
from operators.accounts import Wish
from operators.roles import Role


class Command(BaseCommand):
    help = "Create an operator with a known password, for development only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("password")

    def handle(self, *, username: str, password: str, **_: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("A known password is for development only (DEBUG is off).")
        if not User.objects.filter(username=username).exists():
            wish = Wish(role=Role.OPERATOR, superuser=True, password=password, validate=False)
            accounts.put(username, wish)
