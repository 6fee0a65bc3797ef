"""The second factor of a sign-in: an authenticator (TOTP, RFC 6238) and recovery codes for when it is lost.

Devices, replay protection and the growing pause after wrong codes are django-otp's.
"""

from base64 import b32encode
from io import BytesIO
from typing import Any, Final

import django_otp
import qrcode
import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage

log = structlog.get_logger(__name__)

RECOVERY_CODES: Final = 10
_DIGITS: Final = 6
Account = AbstractBaseUser | AnonymousUser


def enrolled(user: Account) -> bool:
    """Whether the account has an authenticator."""
    return bool(TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists())


def wanting(user: Account) -> bool:
    """Whether the sign-in still lacks a second factor: one is required, or the account has one."""
    if user.is_verified():  # type: ignore[union-attr]  # put there by django-otp's middleware
        return False
    return settings.ADMIN_REQUIRE_SECOND_FACTOR or enrolled(user)


@transaction.atomic
def pending(user: AbstractBaseUser) -> TOTPDevice:
    """The authenticator that is being set up; it counts for nothing until `confirm`."""
    _alone(user)
    device = TOTPDevice.objects.filter(user_id=user.pk, confirmed=False).first()
    return device or TOTPDevice.objects.create(user_id=user.pk, confirmed=False, name="authenticator")


@transaction.atomic
def confirm(request: HttpRequest, code: str) -> list[str]:
    """Take the pending authenticator into use if ``code`` is its own; returns new recovery codes, else none.

    Earlier authenticators and codes end.
    """
    device = TOTPDevice.objects.select_for_update().filter(user_id=request.user.pk, confirmed=False).first()
    if device is None or not device.verify_token(code):
        return []
    TOTPDevice.objects.filter(user_id=request.user.pk).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    django_otp.login(request, device)
    request.session.cycle_key()
    log.info("second_factor_enrolled", operator=request.user.get_username())
    return renew_recovery_codes(request.user)


def verify(request: HttpRequest, code: str) -> bool:
    """Whether ``code`` is of the account's authenticator, or a recovery code, which is then spent."""
    kind = TOTPDevice if len(code) == _DIGITS and code.isdigit() else StaticDevice
    device = kind.objects.filter(user_id=request.user.pk, confirmed=True).first()
    verified = device and django_otp.verify_token(request.user, device.persistent_id, code)
    if not verified:
        log.warning("second_factor_refused", operator=request.user.get_username(), kind=kind.__name__)
        return False
    django_otp.login(request, verified)
    request.session.cycle_key()
    log.info("second_factor_given", operator=request.user.get_username(), kind=kind.__name__)
    return True


@transaction.atomic
def renew_recovery_codes(user: Account) -> list[str]:
    """New codes, shown this once; earlier ones end."""
    _alone(user)
    device, _ = StaticDevice.objects.get_or_create(user_id=user.pk, defaults={"name": "recovery codes"})
    device.token_set.all().delete()
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def _alone(user: Account) -> None:
    """Until the end of the transaction nobody else makes a device of this account: no constraint forbids two."""
    users: QuerySet[Any] = get_user_model().objects.select_for_update(no_key=True)
    users.values_list("pk").get(pk=user.pk)


def recovery_codes_left(user: Account) -> int:
    """How many recovery codes are not spent."""
    return int(StaticToken.objects.filter(device__user_id=user.pk).count())


def forget(user: Account) -> None:
    """Remove everything; sessions that were verified by it are not verified any more."""
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user_id=user.pk).delete()


def picture(device: TOTPDevice) -> str:
    """The QR code that authenticators scan, as SVG."""
    drawn = BytesIO()
    qrcode.make(device.config_url, image_factory=SvgPathImage, border=2).save(drawn)
    return drawn.getvalue().decode().partition("?>")[2].strip()


def spelled(device: TOTPDevice) -> str:
    """The authenticator's secret as people type it: base32 in groups of four."""
    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
