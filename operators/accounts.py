"""Accounts of operators: made and changed by commands, so that nobody has to be trusted with a form for it."""

from dataclasses import dataclass

import structlog
from django.contrib.auth.models import AbstractUser, Group, User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from operators import roles, second_factor
from operators.roles import Role

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an account should be; None leaves as it is what there is."""

    role: Role | None = None
    superuser: bool | None = None
    active: bool | None = None
    password: str | None = None
    validate: bool = True


@transaction.atomic
def put(username: str, wish: Wish) -> tuple[User, bool]:
    """Create or change an account; True with it if it is new. A new one without a role observes.

    Raises: ValidationError for a weak password.
    """
    user, created = User.objects.select_for_update().get_or_create(username=username)
    user.is_staff = True
    if wish.superuser is not None:
        user.is_superuser = wish.superuser
    if wish.active is not None:
        user.is_active = wish.active
    if wish.password is not None:
        if wish.validate:
            validate_password(wish.password, user)
        user.set_password(wish.password)
    elif created:
        user.set_unusable_password()
    user.save()
    role = wish.role or (Role.OBSERVER if created else None)
    if role is not None:
        roles.sync_all()
        user.groups.remove(*Group.objects.filter(name__in=[name.value for name in Role]))
        user.groups.add(Group.objects.get(name=role.value))
    log.info("operator_account_set", operator=username, created=created, role=role, active=user.is_active)
    return user, created


def reset_second_factor(user: AbstractUser) -> None:
    """Forget authenticator and recovery codes: the next sign-in sets up new ones."""
    second_factor.forget(user)
    log.info("second_factor_reset", operator=user.get_username())
