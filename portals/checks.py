"""System checks: each bad combination of settings has an id and says what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.http.request import validate_host

# What a web process asks before it serves anybody.
START = "start"


@register(Tags.security, deploy=True)
def check_credentials(**_: Any) -> list[CheckMessage]:
    """``portals.E001``: the application's credentials at the authorization server."""
    missing = [
        name for name in ("BITRIX24_CLIENT_ID", "BITRIX24_CLIENT_SECRET") if not getattr(settings, name)
    ]
    return [
        Error(f"{name} is not set.", hint="Copy it from the application's card.", id="portals.E001")
        for name in missing
    ]


@register(Tags.security, deploy=True)
def check_encryption_keys(**_: Any) -> list[CheckMessage]:
    """``portals.E002``: tokens need at least one valid Fernet key."""
    if not settings.TOKEN_ENCRYPTION_KEYS:
        return [Error("TOKEN_ENCRYPTION_KEYS is empty.", hint=_KEY_HINT, id="portals.E002")]
    return _invalid_keys(settings.TOKEN_ENCRYPTION_KEYS)


@register(Tags.security, deploy=True)
def check_https(**_: Any) -> list[CheckMessage]:
    """``portals.E003``: tokens travel over https only, unless portals live in a trusted network."""
    if settings.BITRIX24_TRUSTED_NETWORKS:
        return []
    urls = {"PUBLIC_URL": [settings.PUBLIC_URL], "BITRIX24_OAUTH_URL": settings.BITRIX24_OAUTH_URL}
    plain = [name for name, of in urls.items() if any(urlsplit(url).scheme != "https" for url in of)]
    return [Error(f"{name} must be an https address.", id="portals.E003") for name in plain]


@register(Tags.security, deploy=True)
def check_authorization_servers(**_: Any) -> list[CheckMessage]:
    """``portals.E006``: without an authorization server no token can be proved."""
    if settings.BITRIX24_OAUTH_URL:
        return []
    hint = "Leave it unset: both servers of Bitrix24 are trusted then."
    return [Error("BITRIX24_OAUTH_URL is empty.", hint=hint, id="portals.E006")]


@register(Tags.security, deploy=True)
def check_hosts(**_: Any) -> list[CheckMessage]:
    """``portals.E005``: the host that Bitrix24 is told must be one that we answer to."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if validate_host(host, settings.ALLOWED_HOSTS):
        return []
    text = "ALLOWED_HOSTS lacks the host of PUBLIC_URL: every request would be answered 400."
    return [Error(text, hint="Leave ALLOWED_HOSTS unset.", id="portals.E005")]


@register(Tags.security, deploy=True)
def check_metrics_token(**_: Any) -> list[CheckMessage]:
    """``portals.E004``: a token that can be guessed is none. Without one ``/metrics`` is closed, which is safe."""
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= _SHORTEST_TOKEN:
        return []
    text = f"METRICS_TOKEN is shorter than {_SHORTEST_TOKEN} characters."
    return [Error(text, hint="Make one: openssl rand -hex 32", id="portals.E004")]


@register(START, Tags.security, deploy=True)
def check_static_files(**_: Any) -> list[CheckMessage]:
    """``portals.E008``: without collected files every page would be answered 500."""
    if settings.DEBUG or (settings.STATIC_ROOT / "staticfiles.json").exists():
        return []
    hint = "Run: python manage.py collectstatic"
    return [Error("Static files are not collected.", hint=hint, id="portals.E008")]


@register(START, Tags.translation, deploy=True)
def check_translations(**_: Any) -> list[CheckMessage]:
    """``portals.E007``: catalogs that are not compiled would show everybody English."""
    compiled = [list(Path(folder).glob("*/LC_MESSAGES/django.mo")) for folder in settings.LOCALE_PATHS]
    if settings.DEBUG or sum(map(len, compiled)) >= len(settings.LANGUAGES):
        return []
    hint = "Run: python -m sidebar_project.messages compile"
    return [Error("Translations are not compiled.", hint=hint, id="portals.E007")]


@register(Tags.compatibility)
def check_refresh_policy(**_: Any) -> list[CheckMessage]:
    """``portals.E010``: times of the refresh policy that would lose tokens or refresh without an end."""
    errors: list[CheckMessage] = []
    if not 60 <= settings.TOKEN_REFRESH_MARGIN <= _ACCESS_LIFE // 2:  # noqa: PLR2004
        text = "TOKEN_REFRESH_MARGIN must be between 60 seconds and 30 minutes."
        errors.append(Error(text, hint="An access token lives one hour.", id="portals.E010"))
    if settings.TOKEN_ACTIVE_WINDOW < 0 or 0 < settings.TOKEN_ACTIVE_WINDOW < _ACCESS_LIFE:
        text = "TOKEN_ACTIVE_WINDOW must be 0 (every portal is active) or at least one hour."
        errors.append(Error(text, hint="See docs/tokens.md.", id="portals.E010"))
    if not _DAY <= settings.TOKEN_KEEPALIVE <= _LONGEST_KEEPALIVE:
        text = "TOKEN_KEEPALIVE must be between 1 and 150 days."
        errors.append(Error(text, hint="A refresh token dies after 180 days.", id="portals.E010"))
    return errors


_SHORTEST_TOKEN = 24
_ACCESS_LIFE = 3600
_DAY = 24 * 3600
_LONGEST_KEEPALIVE = 150 * _DAY
_KEY_HINT = (
    "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)


def _invalid_keys(keys: Sequence[str]) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            text = f"Key {position} of TOKEN_ENCRYPTION_KEYS is not a Fernet key."
            errors.append(Error(text, hint=_KEY_HINT, id="portals.E002"))
    return errors
