"""The two statements of the door, written out: an event costs two round trips and one commit.

The same through the ORM took three times the processor time, and the door has to keep up with bursts (make bench
ONLY=events).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.utils import timezone

from portals.bitrix24.payloads.events import EventAuth
from portals.models import EventCredentials, Portal, PortalEvent
from portals.models.fields import EncryptedTextField

_PORTAL_FIELDS = ("id", "member_id", "status", "application_token", "application_token_digest")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row to be; ``credentials`` come along if the kind keeps them."""

    portal: Portal | None
    member_id: str
    event: str
    sent_at: datetime | None
    data: Mapping[str, object]
    dedup_key: str
    credentials: EventAuth | None


def find_portal(member_id: str, event: str, *, most: int) -> tuple[Portal | None, int]:
    """The portal with what authentication needs, and how many of its events of this code wait, up to ``most``."""
    with connection.cursor() as cursor:
        cursor.execute(_lookup(), {"member_id": member_id, "event": event, "most": most})
        *values, waiting = cursor.fetchone()
    if values[0] is None:
        return None, waiting
    values[3] = _application_token().from_db_value(values[3])
    return Portal.from_db(connection.alias, _PORTAL_FIELDS, values), waiting


def strangers_waiting(*, most: int) -> int:
    """How many events of portals nobody knows wait, up to ``most``."""
    return len(PortalEvent.objects.pending().filter(portal=None).values_list("pk")[:most])


def insert(new: NewEvent) -> bool:
    """Store an event with its credentials; False if it is there already."""
    now = timezone.now()
    auth = new.credentials
    values = {
        "portal_id": new.portal.pk if new.portal else None,
        "member_id": new.member_id,
        "event": new.event,
        "sent_at": new.sent_at,
        "data": json.dumps(new.data),
        "dedup_key": new.dedup_key,
        "now": now,
    }
    if auth is not None:
        values |= {
            name: _sealed(name).get_prep_value(getattr(auth, name))
            for name in ("access_token", "refresh_token", "application_token")
        }
    with connection.cursor() as cursor:
        cursor.execute(_insertion(with_credentials=auth is not None), values)
        return cursor.fetchone() is not None


@cache
def _lookup() -> str:
    portal, event = Portal._meta.db_table, PortalEvent._meta.db_table
    columns = ", ".join(f"p.{name}" for name in _PORTAL_FIELDS)
    return f"""
        SELECT {columns}, (
            SELECT count(*) FROM (
                SELECT 1 FROM {event}
                WHERE member_id = %(member_id)s AND event = %(event)s AND status = 'pending' LIMIT %(most)s
            ) waiting
        )
        FROM (SELECT 1) always LEFT JOIN {portal} p ON p.member_id = %(member_id)s
    """  # noqa: S608 - table and column names of our own models


@cache
def _insertion(*, with_credentials: bool) -> str:
    stored = f"""
        INSERT INTO {PortalEvent._meta.db_table} (
            portal_id, member_id, event, sent_at, data, dedup_key, received_at, due_at, status, reason, attempts
        ) VALUES (
            %(portal_id)s, %(member_id)s, %(event)s, %(sent_at)s, %(data)s::jsonb, %(dedup_key)s,
            %(now)s, %(now)s, 'pending', '', 0
        ) ON CONFLICT (dedup_key) DO NOTHING RETURNING id
    """  # noqa: S608
    if not with_credentials:
        return stored
    return f"""
        WITH stored AS ({stored}), kept AS (
            INSERT INTO {EventCredentials._meta.db_table} (
                event_id, access_token, refresh_token, application_token
            ) SELECT id, %(access_token)s, %(refresh_token)s, %(application_token)s FROM stored
        ) SELECT id FROM stored
    """  # noqa: S608


@cache
def _sealed(name: str) -> EncryptedTextField:
    field: Any = EventCredentials._meta.get_field(name)
    found: EncryptedTextField = field
    return found


@cache
def _application_token() -> EncryptedTextField:
    field: Any = Portal._meta.get_field("application_token")
    found: EncryptedTextField = field
    return found
