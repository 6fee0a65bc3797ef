"""WSGI entry point of the ``web`` process."""

import os

from django.core.wsgi import get_wsgi_application

from sidebar_project.bodies import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sidebar_project.settings")

application = utf8_only(get_wsgi_application())

from django.core import checks  # noqa: E402 - settings first

from portals.tokens import rotation  # noqa: E402

# A server of pages that all fail is no server; the messages say what to run.
_problems = checks.run_checks(tags=["start"], include_deployment_checks=True)
if _problems:
    raise SystemExit("\n".join(f"{problem.id}: {problem.msg} {problem.hint}" for problem in _problems))
rotation.must_open()
