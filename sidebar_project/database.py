"""From ``DATABASE_URL`` to Django's settings."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

# What libpq calls it, what Django does.
_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def from_url(url: str) -> dict[str, Any]:
    """Read whatever libpq reads: an address, its options, a percent-encoded folder of sockets, several hosts.

    Raises: ImproperlyConfigured, without what was written there, for it holds a password.
    """
    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        raise ImproperlyConfigured("DATABASE_URL is no address of a PostgreSQL database.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        **dict.fromkeys(_NAMES.values(), ""),
        **{_NAMES[key]: str(value) for key, value in given.items() if key in _NAMES},
        # Tested when the pool hands it out: whoever comes first after a restart of the database notices nothing.
        "CONN_HEALTH_CHECKS": True,
        # A pooler in transaction mode (PgBouncer) has none; what is long is read in portions.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            # A host that vanished without a word; milliseconds for what was sent and is not confirmed.
            "tcp_user_timeout": 10_000,
            **{key: value for key, value in given.items() if key not in _NAMES},
        },
    }
