"""The Celery application; tasks live in each app's ``tasks.py``."""

import logging.config
import os
from typing import Any

from celery import Celery, Task
from celery.signals import (
    after_task_publish,
    beat_init,
    setup_logging,
    task_postrun,
    worker_init,
    worker_ready,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sidebar_project.settings")

app = Celery("sidebar_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _log_like_django(**_: Any) -> None:
    """Without a receiver Celery would replace the handlers by its own, past our formatter."""
    from django.conf import settings  # noqa: PLC0415

    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
@beat_init.connect
def _can_open_what_is_stored(**_: Any) -> None:
    from portals.tokens import rotation  # noqa: PLC0415 - models first

    rotation.must_open()


@worker_ready.connect
def _is_there(sender: Any, **_: Any) -> None:
    from portals.infrastructure import heartbeats  # noqa: PLC0415 - models first

    for queue in sender.app.amqp.queues.consume_from:
        heartbeats.give(heartbeats.worker(queue))


@task_postrun.connect
def _has_worked(task: "Task[Any, Any]", **_: Any) -> None:
    from portals.infrastructure import heartbeats  # noqa: PLC0415

    queue = (task.request.delivery_info or {}).get("routing_key")
    if queue:
        heartbeats.give(heartbeats.worker(queue))


@beat_init.connect
def _beats(**_: Any) -> None:
    """In the process of beat every task that it sends is a sign of life, and there is one every few seconds."""
    after_task_publish.connect(_has_beaten)


def _has_beaten(**_: Any) -> None:
    from portals.infrastructure import heartbeats  # noqa: PLC0415

    heartbeats.give(heartbeats.BEAT)
