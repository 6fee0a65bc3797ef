"""Create the operator account of development."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Create an operator with a known password, for development only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("password")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("A known password is for development only (DEBUG is off).")
        users = get_user_model().objects
        if not users.filter(username=options["username"]).exists():
            users.create_superuser(options["username"], password=options["password"])
