"""Portals read in SQL, for opens: the ORM takes longer to compose a statement than PostgreSQL to answer it."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection

from portals.models.portal import Portal


def portal_of(names: Sequence[str], values: Sequence[Any]) -> Portal:
    """A portal of a row with columns ``names``; other fields are deferred."""
    portal = Portal.from_db(connection.alias, names, values)
    portal.placement_settings = json.loads(portal.placement_settings)  # Django leaves it to its fields
    return portal


def by_member_id(member_id: str) -> Portal | None:
    """Without the application token: an open needs no secret, so none is decrypted."""
    names = _names()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM portals_portal WHERE member_id = %s", (member_id,))  # noqa: S608
        row = cursor.fetchone()
    return portal_of(names, row) if row else None


@cache
def _names() -> tuple[str, ...]:
    fields = Portal._meta.concrete_fields
    return tuple(field.attname for field in fields if field.name != "application_token")
