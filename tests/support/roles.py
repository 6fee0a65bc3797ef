"""People who use the operators' pages."""

from django.contrib.auth.models import User

from operators import accounts
from operators.accounts import Wish
from operators.roles import Role

PASSWORD = "harbour-lantern-42"


def account(role: Role) -> User:
    """An account that signs in with `PASSWORD`, named after its role."""
    user, _ = accounts.put(name_of(role), Wish(role=role, password=PASSWORD))
    return user


def name_of(role: Role) -> str:
    """The name to sign in with."""
    return f"{role}-at-work"
