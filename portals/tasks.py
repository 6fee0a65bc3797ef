"""Celery tasks: each takes ids, calls one service and may run twice."""

from typing import Any

import structlog
from celery import Task, shared_task
from django.db import transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from portals import installs, signals
from portals.bitrix24.errors import Bitrix24Error, Disposition
from portals.handlers import BindingFailed
from portals.models import Portal
from portals.tokens import NoToken, RefreshPending

log = structlog.get_logger(__name__)


@shared_task(bind=True, max_retries=5)
def reconcile_handlers(self: "Task[Any, Any]", portal_id: int) -> None:
    """Bind on a portal what a new version of the application dropped."""
    portal = Portal.objects.filter(pk=portal_id, status=Portal.Status.ACTIVE).first()
    if portal is None:
        return
    try:
        installs.reconcile(portal)
    except (NoToken, BindingFailed) as error:
        log.warning("reconcile_failed", portal=portal.member_id, reason=str(error))
    except RefreshPending as error:
        raise self.retry(exc=error, countdown=5) from None
    except Bitrix24Error as error:
        log.warning("reconcile_failed", portal=portal.member_id, reason=error.code)
        if error.disposition is Disposition.RETRY_LATER:
            raise self.retry(exc=error, countdown=error.retry_after or 30 * 2**self.request.retries) from None


@receiver(signals.version_drifted)
def _reconcile_later(sender: type[Portal], portal: Portal, **_: Any) -> None:
    transaction.on_commit(lambda: enqueue(reconcile_handlers, portal.pk))


def enqueue(task: "Task[Any, Any]", *ids: int) -> None:
    """Hand a task to the workers; a broker that is away costs the task, never the page that asked for it."""
    try:
        task.apply_async(ids, retry=False)
    except OperationalError as error:
        log.error("broker_unavailable", task=task.name, reason=type(error).__name__)
