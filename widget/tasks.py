"""Celery tasks of the notebook."""

import structlog
from celery import shared_task

from widget.notebook import removal

log = structlog.get_logger(__name__)


@shared_task
def purge_notes() -> None:
    """Erase notes that were deleted long ago."""
    if erased := removal.purge():
        log.info("notes_purged", number=erased)
