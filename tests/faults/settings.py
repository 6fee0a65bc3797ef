"""Settings of production, but static files straight from their sources instead of a manifest of a deployment."""

from sidebar_project.settings import *  # noqa: F403
from sidebar_project.settings import STORAGES

STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
