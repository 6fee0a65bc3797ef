"""The scheduler of ``beat``: django-celery-beat's, with a sign of life."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from portals import heartbeats


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Beat ticks at least every five seconds, whatever is due."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """As the base class."""
        heartbeats.give(heartbeats.BEAT)
        seconds: float = super().tick(*args, **kwargs)
        return seconds
