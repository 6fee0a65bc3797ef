"""Sign-in under limits: django-axes counts failures and locks, this module tells it whom and says so."""

from datetime import timedelta
from typing import Any

import structlog
from axes.helpers import get_client_ip_address
from axes.models import AccessAttempt, AccessLog
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

log = structlog.get_logger(__name__)

KEPT = timedelta(days=90)
# Attempts of one address within `AXES_COOLOFF_TIME`: enough for an office of operators.
PER_ADDRESS = 20


def locked(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """The answer while an account, or everything, is locked for an address: 429, and when to come back."""
    wait: timedelta = settings.AXES_COOLOFF_TIME
    minutes = int(wait.total_seconds() // 60)
    context = {**admin.site.each_context(request), "title": "Too many attempts", "minutes": minutes}
    headers = {"Retry-After": str(int(wait.total_seconds())), "Cache-Control": "no-store"}
    answer = render(request, "operators/locked.html", context, status=429)
    for name, value in headers.items():
        answer.headers[name] = value
    return answer


def too_many(request: HttpRequest) -> bool:
    """Whether this attempt is one too many of its address, whatever names it tries: hashing one password costs
    a fifth of a second of processor time. Counted in the cache; without it axes' limits are the only ones."""
    key = f"sign-ins:{get_client_ip_address(request)}"
    if cache.add(key, 1, timeout=settings.AXES_COOLOFF_TIME.total_seconds()):
        return False
    try:
        return bool(cache.incr(key) > PER_ADDRESS)
    except (ValueError, TypeError):  # it ended meanwhile; there is no cache
        return False


def prune() -> int:
    """Delete what is known of sign-ins older than `KEPT`, and sessions that have ended; returns how many rows."""
    limit = timezone.now() - KEPT
    old = (
        AccessAttempt.objects.filter(attempt_time__lt=limit),
        AccessLog.objects.filter(attempt_time__lt=limit),
        Session.objects.filter(expire_date__lt=timezone.now()),
    )
    return sum(rows.delete()[0] for rows in old)


# What was typed as a name may be a password, and an address is personal: neither is logged.


@receiver(user_logged_in)
def _signed_in(sender: Any, user: Any, **_: Any) -> None:
    log.info("operator_signed_in", operator=user.get_username())


@receiver(user_login_failed)
def _refused(sender: Any, **_: Any) -> None:
    log.warning("sign_in_refused", reason="wrong_credentials")


@receiver(user_locked_out)
def _locked_out(sender: Any, **_: Any) -> None:
    log.warning("sign_in_refused", reason="locked")
