"""Model fields of our own."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that is encrypted in the database and plain in Python.

    ``TOKEN_ENCRYPTION_KEYS`` holds Fernet keys: the first encrypts, all decrypt. A value that none of them opens
    raises `ImproperlyConfigured` instead of passing for a token. The database cannot compare such values, so
    ``isnull`` is the only lookup.
    """

    def get_prep_value(self, value: Any) -> str | None:
        text = super().get_prep_value(value)
        return None if text is None else seal(text)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return None if value is None else unseal(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted, it cannot be compared.")
        return super().get_lookup(lookup_name)


def seal(text: str) -> str:
    """``text``, encrypted with the first key."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(value: str) -> str:
    """The text of an encrypted value. Raises: ImproperlyConfigured if no key opens it."""
    try:
        return _cipher().decrypt(value).decode()
    except InvalidToken:
        # Without the cause: its context would carry the value.
        raise ImproperlyConfigured("TOKEN_ENCRYPTION_KEYS lacks the key of a stored token.") from None


def has_first_key(value: str) -> bool:
    """Whether an encrypted value is sealed with the key that encrypts now."""
    try:
        Fernet(settings.TOKEN_ENCRYPTION_KEYS[0]).decrypt(value)
    except InvalidToken:
        return False
    return True


def _cipher() -> MultiFernet:
    return _cipher_for(tuple(settings.TOKEN_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _cipher_for(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("TOKEN_ENCRYPTION_KEYS is empty.")
    return MultiFernet([Fernet(key) for key in keys])
