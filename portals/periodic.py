"""The periodic tasks of the application, kept in the database where operators see and change them.

Missing ones are added after every migrate. What is there is left alone: an interval that an operator changed stays
changed, a task that was switched off stays off. (``CELERY_BEAT_SCHEDULE`` would overwrite both at each start of
beat.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.dispatch import receiver


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task by its name, every so many seconds, on a queue."""

    task: str
    seconds: int
    queue: str
    description: str


SCHEDULE: Final[Mapping[str, Periodic]] = {
    "Refresh due tokens": Periodic(
        task="portals.tasks.refresh_due_tokens",
        seconds=30,
        queue="tokens",
        description="Hands out tokens that are due. Portals lose their tokens while it is switched off.",
    ),
}


@receiver(post_migrate)
def add_missing(sender: AppConfig, **_: Any) -> None:
    """Add what `SCHEDULE` has and the database lacks, once the tables of django-celery-beat are there."""
    if sender.name != "django_celery_beat":
        return
    interval: Any = sender.get_model("IntervalSchedule")
    periodic_task: Any = sender.get_model("PeriodicTask")
    for name, periodic in SCHEDULE.items():
        if periodic_task.objects.filter(name=name).exists():
            continue
        every, _created = interval.objects.get_or_create(every=periodic.seconds, period=interval.SECONDS)
        periodic_task.objects.create(
            name=name,
            task=periodic.task,
            interval=every,
            queue=periodic.queue,
            # A tick that waited for the next one has nothing left to do.
            expire_seconds=periodic.seconds,
            description=periodic.description,
        )
