"""An operator, who acts, and an observer, who looks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from operators.roles import Role
from tests.support import crowd
from tests.support.roles import account

CROWD = 100_000


@pytest.fixture
def operator(db: None) -> Client:
    return _signed_in(Role.OPERATOR)


@pytest.fixture
def observer(db: None) -> Client:
    return _signed_in(Role.OBSERVER)


@pytest.fixture(scope="module")
def crowded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """100 000 portals, for all tests of a module."""
    with django_db_blocker.unblock():
        crowd.make(CROWD)
        yield
        crowd.clear()


def _signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(account(role))
    return client
