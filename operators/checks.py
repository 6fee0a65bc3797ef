"""System checks of the sign-in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004


@register(Tags.security, deploy=True)
def check_second_factor(**_: Any) -> list[CheckMessage]:
    """``operators.W001``: one password that leaks opens every portal."""
    if settings.ADMIN_REQUIRE_SECOND_FACTOR:
        return []
    text = "Operators may sign in with a password alone."
    return [Warning(text, hint="Set ADMIN_REQUIRE_SECOND_FACTOR=true.", id="operators.W001")]


@register(Tags.security)
def check_proxies(**_: Any) -> list[CheckMessage]:
    """``operators.E001``: how many proxies are ours."""
    if settings.PROXY_COUNT >= 0:
        return []
    return [
        Error("PROXY_COUNT is negative.", hint="0: browsers connect to us directly.", id="operators.E001")
    ]
