"""The encryption keys: whether this process can open what is stored, and the rotation to a new one.

Rotating seals every stored secret anew with the first key, while the app serves. What is done shows in the rows
themselves, so a run that ended early is simply run again.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.db.models import F, Max, Min, TextField
from django.db.models.functions import Cast

from portals.infrastructure.database import give_back
from portals.models.fields import EncryptedTextField, has_first_key, unseal

log = structlog.get_logger(__name__)

# Values of each encrypted field that a process looks at when it starts.
_SAMPLE = 16


@dataclass(frozen=True, slots=True)
class Progress:
    """After each portion: which field, rows looked at and sealed anew so far."""

    field: str
    seen: int
    changed: int


def rotate(*, portion: int, pause: float) -> Iterator[Progress]:
    """Seal every value of every encrypted field with the first key, ``portion`` rows at a time.

    ``pause`` is in seconds, after each portion, to leave the database to those who serve. A value that somebody
    replaces meanwhile is sealed with the first key by that, provided that all processes know the key.
    Raises: ImproperlyConfigured for a value that no key opens.
    """
    for model, field in _encrypted_fields():
        for progress in _rotate_field(model, field, portion):
            yield progress
            time.sleep(pause)


def must_open() -> None:
    """End this process, with a sentence for its operator, if it lacks a key of what is stored (ADR 71).

    Without a database, or before its first migration, there is nothing to look at.
    Raises: SystemExit.
    """
    try:
        open_some()
    except Error as error:
        log.warning("keys_unchecked", reason=type(error).__name__)
    except ImproperlyConfigured as error:
        raise SystemExit(
            f"{error} Put it back behind the others (docs/operations/key-rotation.md)."
        ) from None
    finally:
        give_back()


def open_some(sample: int = _SAMPLE) -> None:
    """Open about ``sample`` values of each encrypted field, from all over its table: a value does not tell its key.

    Raises: ImproperlyConfigured for one that no key opens.
    """
    for model, field in _encrypted_fields():
        rows = _sealed(model, field)
        ends = rows.aggregate(first=Min("pk"), last=Max("pk"))
        if ends["first"] is None:
            continue
        step = 1 + (ends["last"] - ends["first"]) // sample
        for start in (*range(ends["first"], ends["last"], step), ends["last"]):
            part = rows.filter(pk__gte=start).order_by("pk")
            for pk, sealed in part.values_list("pk", "sealed")[:1]:
                _open(model, field, pk, sealed)


def _open(model: Any, field: str, pk: int, sealed: str) -> str:
    try:
        return unseal(sealed)
    except ImproperlyConfigured:
        name = f"{model._meta.label}.{field} {pk}"
        raise ImproperlyConfigured(f"TOKEN_ENCRYPTION_KEYS lacks the key of {name}.") from None


def _sealed(model: Any, field: str) -> Any:
    """Rows that have a value, as ``sealed``."""
    return model._default_manager.annotate(sealed=Cast(F(field), TextField())).filter(sealed__isnull=False)


def _encrypted_fields() -> Iterator[tuple[Any, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, EncryptedTextField):
                yield model, field.name


def _rotate_field(model: Any, field: str, portion: int) -> Iterator[Progress]:
    rows = _sealed(model, field)
    last, seen, changed = 0, 0, 0
    while found := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "sealed")[:portion]):
        for pk, sealed in found:
            if not has_first_key(sealed):
                # Only over the value that was read: a refresh may have stored a newer one.
                changed += rows.filter(pk=pk, sealed=sealed).update(
                    **{field: _open(model, field, pk, sealed)}
                )
        last, seen = found[-1][0], seen + len(found)
        yield Progress(f"{model._meta.label}.{field}", seen, changed)
