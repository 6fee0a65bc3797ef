"""Rotation of the encryption keys: every stored secret sealed anew with the first key, while the app serves.

What is done shows in the rows themselves, so a run that ended early is simply run again.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import F, TextField
from django.db.models.functions import Cast

from portals.fields import EncryptedTextField, has_first_key, unseal


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


def _encrypted_fields() -> Iterator[tuple[Any, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, EncryptedTextField):
                yield model, field.name


def _rotate_field(model: Any, field: str, portion: int) -> Iterator[Progress]:
    rows = model._default_manager.annotate(sealed=Cast(F(field), TextField())).filter(sealed__isnull=False)
    last, seen, changed = 0, 0, 0
    while found := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "sealed")[:portion]):
        for pk, sealed in found:
            if not has_first_key(sealed):
                # Only over the value that was read: a refresh may have stored a newer one.
                changed += rows.filter(pk=pk, sealed=sealed).update(**{field: unseal(sealed)})
        last, seen = found[-1][0], seen + len(found)
        yield Progress(f"{model._meta.label}.{field}", seen, changed)
