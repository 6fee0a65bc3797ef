"""Structured logs: one event name, fields beside it, JSON outside of development."""

from typing import Any

import structlog
from structlog.typing import Processor

from sidebar_project.redaction import redact

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Also lines of other libraries pass through here. Tracebacks are text by now, without locals.
_FINAL: list[Processor] = [
    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    structlog.processors.format_exc_info,
    redact,
]


def configure(*, json: bool) -> dict[str, Any]:
    """Set structlog up and return Django's ``LOGGING``; with ``json`` every line is one JSON object."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [*_FINAL, renderer],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # Django's own handlers would print a second line, past the formatter.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # The web server's own: what goes wrong in a worker of it is told like everything else.
            "_granian": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "urllib3": {"level": "ERROR"},
            # Names and addresses of whoever tried to sign in; operators.sign_in logs what may be logged.
            "axes": {"level": "ERROR"},
            # "received" and "succeeded" of every task: dozens of lines a second that say nothing.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }
