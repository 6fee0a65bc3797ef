"""The periodic tasks of all applications, by name, kept in the database where operators see and change them.

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

# Seconds by which clocks of beat and workers may differ, twice over: a message expires by the worker's.
CLOCKS: Final = 60


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
    "Dispatch events": Periodic(
        task="portals.tasks.dispatch_events",
        seconds=15,
        queue="celery",
        description="Events that failed or that the broker lost come back by it.",
    ),
    "Reconcile stale handlers": Periodic(
        task="portals.tasks.reconcile_stale",
        seconds=60,
        queue="celery",
        description="Binds again what PUBLIC_URL, a release or a failure left wrong.",
    ),
    "Check presence": Periodic(
        task="portals.tasks.check_presence",
        seconds=60,
        queue="celery",
        description="Looks once a day at portals nobody opens: a lost uninstall is noticed by it.",
    ),
    "Erase what uninstalled portals left": Periodic(
        task="portals.tasks.erase_due",
        seconds=60,
        queue="celery",
        description="Deletes content after CONTENT_RETENTION_DAYS. A promise to customers.",
    ),
    "Purge deleted notes": Periodic(
        task="widget.tasks.purge_notes",
        seconds=3600,
        queue="celery",
        description="Deletes for good what members deleted and did not bring back.",
    ),
    "Prune sign-ins": Periodic(
        task="operators.tasks.prune_sign_ins",
        seconds=24 * 3600,
        queue="celery",
        description="Deletes records of sign-ins older than 90 days, and sessions that have ended.",
    ),
    "Prune logs": Periodic(
        task="portals.tasks.prune_logs",
        seconds=3600,
        queue="celery",
        description="Deletes logged calls and events after their retention.",
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
            expire_seconds=periodic.seconds + CLOCKS,
            description=periodic.description,
        )
