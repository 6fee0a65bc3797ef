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
from django.db.models import F
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
    sender: str
    request_id: str
    credentials: EventAuth | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many events of one kind wait: of everybody, up to a bound, and among them of one sender."""

    of_all: int
    of_sender: int


def find_portal(member_id: str, event: str, sender: str, *, most: int) -> tuple[Portal | None, Waiting]:
    """The portal with what authentication needs, and how many of its events of this code wait, up to ``most``."""
    wanted: dict[str, str | int] = {"member_id": member_id, "event": event, "sender": sender, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_lookup(), wanted)
        *found, of_all, of_sender = cursor.fetchone()
    waiting = Waiting(of_all, of_sender)
    if found[0] is None:
        return None, waiting
    found[3] = _application_token().from_db_value(found[3])
    return Portal.from_db(connection.alias, _PORTAL_FIELDS, found), waiting


def strangers_waiting(sender: str, *, most: int) -> Waiting:
    """How many events of portals nobody knows wait, up to ``most``."""
    pending = PortalEvent.objects.pending().filter(portal=None)
    senders = list(pending.values_list("sender", flat=True)[:most])
    return Waiting(len(senders), senders.count(sender))


def merge(member_id: str, event: str, gist: Mapping[str, object]) -> bool:
    """Let an event that waits, and says the same, stand for one that comes now; False if there is none.

    It looks as often as a new one would, at its own times: no crowd of senders makes it look faster. One that
    somebody has in hand is none: its answer may be older than what came.
    """
    waiting = PortalEvent.objects.pending().free(timezone.now())
    same = waiting.filter(member_id=member_id, event=event, data=gist)
    return bool(same.update(attempts=F("attempts") - F("looks"), looks=0))


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
        "sender": new.sender,
        "request_id": new.request_id,
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
        SELECT {columns}, waiting.of_all, waiting.of_sender
        FROM (
            SELECT count(*) AS of_all, count(*) FILTER (WHERE sender = %(sender)s) AS of_sender FROM (
                SELECT sender FROM {event}
                WHERE member_id = %(member_id)s AND event = %(event)s AND status = 'pending' LIMIT %(most)s
            ) found
        ) waiting LEFT JOIN {portal} p ON p.member_id = %(member_id)s
    """  # noqa: S608 - table and column names of our own models


@cache
def _insertion(*, with_credentials: bool) -> str:
    stored = f"""
        INSERT INTO {PortalEvent._meta.db_table} (
            portal_id, member_id, event, sent_at, data, dedup_key, sender, request_id, received_at, due_at,
            status, reason, attempts
        ) VALUES (
            %(portal_id)s, %(member_id)s, %(event)s, %(sent_at)s, %(data)s::jsonb, %(dedup_key)s,
            %(sender)s, %(request_id)s, %(now)s, %(now)s, 'pending', '', 0
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
