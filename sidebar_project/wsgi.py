"""WSGI entry point of the ``web`` process."""

import os

from django.core.wsgi import get_wsgi_application

from sidebar_project.bodies import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sidebar_project.settings")

application = utf8_only(get_wsgi_application())

from portals import rotation  # noqa: E402 - models first

rotation.must_open()
