"""Celery tasks."""

import structlog
from celery import shared_task

from operators import sign_in

log = structlog.get_logger(__name__)


@shared_task
def prune_sign_ins() -> None:
    """Delete old records of sign-ins and ended sessions."""
    log.info("sign_ins_pruned", rows=sign_in.prune())
