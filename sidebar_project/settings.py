"""Settings. The only place that reads the environment; every variable is explained in docs/configuration.md."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from portals.bitrix24 import languages as bitrix24_languages
from sidebar_project import database, logs

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / ".data"

env = environ.Env()
# `make run` keeps the generated development values here. Whoever brings a key of their own brings all the rest:
# what development left in the folder must not loosen a deployment.
if "SECRET_KEY" not in env.ENVIRON:
    environ.Env.read_env(DATA_DIR / "dev.env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set: generate one and put it into the environment.")
    SECRET_KEY = "insecure-and-for-debug-only"  # noqa: S105

# --- Addresses ---------------------------------------------------------------------------------------------

PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_public.hostname or "localhost"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "sidebar_project.urls"
WSGI_APPLICATION = "sidebar_project.wsgi.application"

# --- Bitrix24 ----------------------------------------------------------------------------------------------

BITRIX24_CLIENT_ID = env.str("BITRIX24_CLIENT_ID", default="")
BITRIX24_CLIENT_SECRET = env.str("BITRIX24_CLIENT_SECRET", default="")
# The authorization servers we trust; nobody else sees our secret. Portals in ru, am, az, ge, kz, kg, uz and by have
# the second (portal source, rest/lib/Internal/Service/OAuth/AuthorizationServerUrlResolver.php, May 2026).
_authorization_servers = ["https://oauth.bitrix.info", "https://oauth.bitrix24.tech"]
BITRIX24_OAUTH_URL = [
    url.strip().rstrip("/") for url in env.list("BITRIX24_OAUTH_URL", default=_authorization_servers)
]
BITRIX24_TRUSTED_NETWORKS = env.list("BITRIX24_TRUSTED_NETWORKS", default=[])
TOKEN_ENCRYPTION_KEYS = env.list("TOKEN_ENCRYPTION_KEYS", default=[])

# Seconds. docs/tokens.md explains the trade-offs and the vendor's warning against refreshing too often.
TOKEN_REFRESH_MARGIN = env.int("TOKEN_REFRESH_MARGIN", default=10 * 60)
TOKEN_ACTIVE_WINDOW = env.int("TOKEN_ACTIVE_WINDOW", default=24 * 3600)
TOKEN_KEEPALIVE = env.int("TOKEN_KEEPALIVE", default=30 * 24 * 3600)

# Days. What an uninstalled portal wrote is kept this long for a reinstall; calls and events for their logs.
CONTENT_RETENTION_DAYS = env.int("CONTENT_RETENTION_DAYS", default=30)
API_CALL_RETENTION_DAYS = env.int("API_CALL_RETENTION_DAYS", default=3)
EVENT_RETENTION_DAYS = env.int("EVENT_RETENTION_DAYS", default=30)
# Seconds between two inserts of logged calls by one process; 0: only when asked to.
API_CALL_FLUSH_SECONDS = env.float("API_CALL_FLUSH_SECONDS", default=1.0)

# Requests a web process has in hand at once, most of them waiting for a portal (the Procfile gives the server the
# same number).
WEB_THREADS = env.int("WEB_THREADS", default=320)
# Tasks a worker process works on at once (likewise).
WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=4)

# --- Applications ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "portals",
    "widget",
    "operators",
]

MIDDLEWARE = [
    "sidebar_project.tracing.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portals.incoming.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "operators.middleware.SignInLimit",
    "operators.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "portals.incoming.middleware.DatabaseAway",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Data --------------------------------------------------------------------------------------------------

DATABASES = {"default": database.from_url(env.str("DATABASE_URL", default="postgresql:///chat_notebook"))}
DATABASES["default"]["ENGINE"] = "portals.infrastructure.postgresql"
# Nobody keeps a connection while waiting for another server, so a process needs as many as work at once and not as
# it has threads; two are for those that work beside them. Seconds.
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": max(8, WORKER_CONCURRENCY) + 2,
    "timeout": 1,
    "reconnect_timeout": 0.5,
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
_REDIS_OPTIONS = {
    "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
    # A cache that is away costs what other processes know, never an error page.
    "IGNORE_EXCEPTIONS": True,
    "SOCKET_CONNECT_TIMEOUT": 0.5,
    "SOCKET_TIMEOUT": 1,
}
CACHES = {
    "default": {
        "BACKEND": "portals.infrastructure.shared.SharedCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": _REDIS_OPTIONS,
    },
    # The same keys without the memory of this process: what is counted there would push out proofs of access.
    "redis": {
        "BACKEND": "portals.infrastructure.shared.RemoteCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": _REDIS_OPTIONS,
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
# A message is gone once its task begins: what a worker did not finish comes back by its due time in the database,
# and the broker repeats nothing (docs/adr/0073-due-times.md).
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# For as long as it takes: a worker that gave up would have to be started by hand.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# No retries within one publication (a page would wait for seconds); workers and beat reconnect by themselves.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": 0}
# Refreshing has a queue of its own, so that no other work keeps a token waiting.
CELERY_TASK_ROUTES = {"portals.tasks.refresh_*": {"queue": "tokens"}}
CELERY_TIMEZONE = "UTC"

# --- Languages ---------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
_bitrix24_languages = {language.django for language in bitrix24_languages.LANGUAGES.values()}
LANGUAGES = [(code, name) for code, name in global_settings.LANGUAGES if code in _bitrix24_languages]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Static files ------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "sidebar_project.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Browser security --------------------------------------------------------------------------------------

_https = _public.scheme == "https"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_https)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
# Nothing to other sites. With "no-referrer" browsers send "Origin: null" with forms, and no operator could sign in.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_HANDLERS = ["sidebar_project.bodies.NoFiles"]

# Frames add `frame-ancestors` of the one portal that opened them; the operators' pages load what unfold needs.
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": [NONCE, "'self'"],
        "style-src": [NONCE, "'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

# --- Operators ---------------------------------------------------------------------------------------------

ADMIN_REQUIRE_SECOND_FACTOR = env.bool("ADMIN_REQUIRE_SECOND_FACTOR", default=not DEBUG)
OTP_TOTP_ISSUER = "Chat Notebook"
# Proxies of ours between the internet and `web`: the limits of sign-in count by the address that they report.
PROXY_COUNT = env.int("PROXY_COUNT", default=1 if _https else 0)

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": 12},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
# An account for an address, so that nobody can lock out an operator from afar (ADR 0030).
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "portals.outgoing.suspicion.address_of"
AXES_LOCKOUT_CALLABLE = "operators.sign_in.locked"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# The operators' cookies go to the operators' pages and nowhere else.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"
SESSION_COOKIE_NAME = "__Secure-operator" if _https else "operator"
CSRF_COOKIE_NAME = "__Secure-operator-csrf" if _https else "operator-csrf"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

UNFOLD = {
    "SITE_TITLE": "Chat Notebook",
    "SITE_HEADER": "Chat Notebook",
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("portals/icon.svg"),
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "portals.admin.dashboard.context",
    "SIDEBAR": {"navigation": "portals.admin.navigation.pages"},
    "STYLES": [lambda request: static("portals/admin.css")],
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("portals/icon.svg")}
    ],
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": reverse_lazy("second-factor")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
}

# --- API ---------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["widget.api.authentication.WidgetSessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["widget.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "widget.api.problems.problem_details",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chat Notebook",
    "DESCRIPTION": "The API of the sidebar. Every call carries a widget session as a bearer token.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    # What the documentation runs is ours to ship: an operator's session lives at the same origin.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Logs and metrics --------------------------------------------------------------------------------------

# Whoever shows this token may read /metrics; without one nobody may, save in development.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Seconds between two deliveries of counted numbers by one process; 0: only when asked to.
METRICS_FLUSH_SECONDS = env.float("METRICS_FLUSH_SECONDS", default=1.0)
LOGGING = logs.configure(json=not DEBUG)
