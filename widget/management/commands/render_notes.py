"""``manage.py render_notes``: after a release that renders notes by other rules."""

from typing import Any

from django.core.management.base import BaseCommand

from widget.notebook import rendering


class Command(BaseCommand):
    help = "Render anew the notes that were stored under older rules, while the application serves."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rendering.renew()} notes rendered anew")
