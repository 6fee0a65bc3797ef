"""Wiring only: settings, URLs, WSGI, Celery, health and the embedded services of development."""

from sidebar_project.celery import app as celery_app

__all__ = ["celery_app"]
