"""What operators may do: an observer looks at everything and changes nothing, an operator acts as well.

Both are groups whose permissions this module keeps as declared, after every migrate; for other needs make other
groups. Accounts are changed by superusers alone.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType


class Role(StrEnum):
    """Names of the groups."""

    OPERATOR = "operator"
    OBSERVER = "observer"


# Beside looking: codes as Django writes them, application and permission.
ACTS: Final = frozenset(
    {
        "portals.operate_portal",
        # the schedule is theirs to tune (ADR 0013)
        "django_celery_beat.change_periodictask",
        "django_celery_beat.add_intervalschedule",
        "django_celery_beat.change_intervalschedule",
    }
)


def keep(sender: AppConfig, **_: Any) -> None:
    """After a migrate: give both groups what they should have of its application, take what they should not."""
    if sender.label in {model._meta.app_label for model in admin.site._registry}:
        sync(sender.label)


def sync(app_label: str) -> None:
    """Bring both groups' permissions on one application to what is declared. Needs its permissions created."""
    looks = _codes(app_label, "view")
    acts = {code for code in ACTS if code.startswith(f"{app_label}.")}
    for role, codes in ((Role.OBSERVER, looks), (Role.OPERATOR, looks | acts)):
        group, _ = Group.objects.get_or_create(name=role.value)
        wanted = _permissions(app_label, codes)
        group.permissions.remove(
            *group.permissions.filter(content_type__app_label=app_label).exclude(pk__in=wanted)
        )
        group.permissions.add(*wanted)


def sync_all() -> None:
    """As `sync`, for every application that has pages in the admin."""
    for app_label in sorted({model._meta.app_label for model in admin.site._registry}):
        sync(app_label)


def _codes(app_label: str, act: str) -> set[str]:
    models = (model._meta for model in admin.site._registry if model._meta.app_label == app_label)
    return {f"{app_label}.{act}_{meta.model_name}" for meta in models}


def _permissions(app_label: str, codes: Iterable[str]) -> list[int]:
    names = [code.partition(".")[2] for code in codes]
    types = ContentType.objects.filter(app_label=app_label)
    found = Permission.objects.filter(content_type__in=types, codename__in=names)
    return list(found.values_list("pk", flat=True))
