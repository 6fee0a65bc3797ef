"""Everything we hold of a portal, as one JSON document that is never in memory as a whole."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import DateTimeField, Field, Model, QuerySet

from portals.models import ApiCall, Portal, PortalEvent, signals
from portals.models.fields import EncryptedTextField

_ROWS = 500


def stream(portal: Portal) -> Iterator[str]:
    """Pieces of the document: the portal, its history and, from `signals.exporting`, what other applications hold.

    Members that are iterators become arrays, a row a line. Encrypted fields never get in.
    """
    yield "{\n"
    for position, (name, value) in enumerate(_members(portal).items()):
        yield f"{',' if position else ''}{json.dumps(name)}: "
        yield from _array(value) if isinstance(value, Iterator) else (_json(value),)
        yield "\n"
    yield "}\n"


def _members(portal: Portal) -> Mapping[str, Any]:
    members: dict[str, Any] = {
        "portal": columns(Portal.objects.filter(pk=portal.pk)).first(),
        "tokens": _rows(portal.tokens.all()),
        "history": _rows(portal.transitions.all()),
        "events": _rows(PortalEvent.objects.filter(member_id=portal.member_id)),
        "calls": _rows(ApiCall.objects.filter(portal=portal)),
    }
    answers: list[tuple[Any, Any]] = signals.exporting.send(Portal, portal=portal, client=None)
    for _receiver, contribution in answers:
        members |= contribution
    return members


def _rows(rows: QuerySet[Any]) -> Iterator[Mapping[str, Any]]:
    yield from columns(rows.order_by("pk")).iterator(chunk_size=_ROWS)


def columns(rows: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    """Every column but those that hold secrets or digests, of today's model and tomorrow's."""
    model: type[Model] = rows.model
    return rows.values(*(field.attname for field in model._meta.concrete_fields if _told(field)))


def _told(field: "Field[Any, Any]") -> bool:
    if isinstance(field, EncryptedTextField):
        return False
    return field.editable or isinstance(field, DateTimeField)


def _array(rows: Iterator[Any]) -> Iterator[str]:
    yield "["
    for position, row in enumerate(rows):
        yield f"{',' if position else ''}\n{_json(row)}"
    yield "]"


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
