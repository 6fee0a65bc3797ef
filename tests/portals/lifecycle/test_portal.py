"""Portals and their tokens: transitions, encryption at rest, constraints."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portals.models import Portal, PortalToken, PortalTransition

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal() -> Portal:
    return Portal.objects.create(
        member_id="a" * 32, domain="acme.bitrix24.com", client_endpoint="https://acme.bitrix24.com/rest/"
    )


@pytest.fixture
def token(portal: Portal) -> PortalToken:
    return PortalToken.objects.create(
        portal=portal,
        user_id=1,
        access_token="access-secret",
        refresh_token="refresh-secret",
        expires_at=timezone.now() + timedelta(hours=1),
    )


def test_transitions_are_recorded_once(portal: Portal) -> None:
    portal.install()
    portal.install()
    portal.block("unpaid")
    portal.mark_deleted("uninstalled")

    assert list(PortalTransition.objects.order_by("pk").values_list("old", "new", "reason")) == [
        ("new", "active", "installed"),
        ("active", "blocked", "unpaid"),
        ("blocked", "deleted", "uninstalled"),
    ]


def test_deleting_wipes_tokens_at_once(portal: Portal, token: PortalToken) -> None:
    portal.application_token = "shared"
    portal.save()
    portal.mark_deleted("uninstalled")

    portal.refresh_from_db()
    assert portal.application_token is None
    assert not PortalToken.objects.exists()


def test_tokens_are_encrypted_at_rest(token: PortalToken) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token, refresh_token FROM portals_portaltoken")
        stored = " ".join(cursor.fetchone())

    assert "secret" not in stored
    assert PortalToken.objects.get().access_token == "access-secret"


def test_keys_rotate_without_downtime(token: PortalToken, settings: Any) -> None:
    old = settings.TOKEN_ENCRYPTION_KEYS
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    assert PortalToken.objects.get().access_token == "access-secret"


def test_a_token_that_no_key_opens_is_an_error_and_not_a_token(token: PortalToken, settings: Any) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ImproperlyConfigured, match="lacks the key") as caught:
        PortalToken.objects.get()
    assert caught.value.__cause__ is None


def test_encrypted_fields_cannot_be_compared(token: PortalToken) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        PortalToken.objects.filter(access_token="access-secret").exists()
    assert PortalToken.objects.filter(access_token__isnull=False).exists()


def test_the_database_keeps_what_must_hold(portal: Portal) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Portal.objects.create(member_id=portal.member_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        Portal.objects.filter(pk=portal.pk).update(status="lost")
    with pytest.raises(IntegrityError), transaction.atomic():
        Portal.objects.filter(pk=portal.pk).update(status="active", client_endpoint="")


def test_no_text_form_shows_a_token(token: PortalToken) -> None:
    assert "secret" not in f"{token} {token!r} {token.portal!r}"
