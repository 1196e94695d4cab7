"""Base settings: the same wherever Nova runs; everything that differs is read from the environment."""

from pathlib import Path

from events.conf import EventsConf
from kit.conf import SharedConf
from kit.query_cache.conf import QueryCacheConf
from kit.replicas.conf import ReplicasConf
from kit.rest.defaults import API_DEFAULTS
from nova.conf import NovaConf
from nova.rest.jwt.conf import JwtConf
from nova.services.account_deletion.conf import AccountDeletionConf
from nova.services.feed.conf import FeedConf
from nova.services.orders.conf import OrdersConf
from nova.services.payments.conf import PaymentsConf
from nova.settings import environment as env
from nova.settings.admin import UNFOLD  # noqa: F401 - a setting
from outbox.conf import OutboxConf
from projections.conf import ProjectionsConf
from sagas.conf import SagasConf

BASE_DIR = Path(__file__).resolve().parent.parent.parent
TEMPLATES_DIR = BASE_DIR / "templates"
if not TEMPLATES_DIR.is_dir():  # installed from a wheel, which carries the templates inside the package
    TEMPLATES_DIR = BASE_DIR / "nova" / "templates"

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")

# Nova's own services, each a Django app below nova/services/.
SERVICES = (
    *("identity", "content", "social", "media", "messages", "orders", "inventory", "payments"),
    *("moderation", "account_deletion", "feed", "search", "analytics", "graph", "ranking"),
)

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "events.apps.EventsConfig",
    "outbox.apps.OutboxConfig",
    "sagas.apps.SagasConfig",
    "projections.apps.ProjectionsConfig",
    *(f"nova.services.{name}" for name in SERVICES),
    # Last, because it connects the others when they are loaded.
    "nova.apps.NovaConfig",
]

MIDDLEWARE = [
    "nova.telemetry.requests.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nova.telemetry.CorrelationMiddleware",
    "nova.server.in_flight.InFlightMiddleware",
    "nova.health.probes.ProbesMiddleware",
    "nova.rest.failures.FailuresMiddleware",
    "nova.console.middleware.PageSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "nova.console.middleware.PageCsrfMiddleware",
    "nova.console.middleware.PageAuthenticationMiddleware",
    "nova.console.middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "nova.console.session.SessionEndMiddleware",
]

# Of read replicas, where settings have any.
DATABASE_ROUTERS = ["kit.replicas.router.ReplicaRouter"]

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [TEMPLATES_DIR],
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

ROOT_URLCONF = "nova.urls"
ASGI_APPLICATION = "nova.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["nova.formats"]
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"
# Where `collectstatic` puts files for production; elsewhere they are served from where they are.
STATIC_ROOT = env.text("STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Each app declares its own settings in its conf.py, with their defaults; they are named alike in the environment.
confs = (
    *(SharedConf, ReplicasConf, QueryCacheConf, EventsConf, OutboxConf, ProjectionsConf, SagasConf, NovaConf, JwtConf),
    *(AccountDeletionConf, FeedConf, OrdersConf, PaymentsConf),
)
own = env.settings_of(*confs)
# Of Nova's own events the shortage is what happened.
own["NOVA_EVENT_NAME_EXCEPTIONS"] = ["inventory.insufficient", *own["NOVA_EVENT_NAME_EXCEPTIONS"]]
globals().update(own)
# Names of topics; where they are empty, those that the services declare.
KAFKA_IDENTITY_EVENTS_TOPIC = env.text("KAFKA_IDENTITY_EVENTS_TOPIC")
KAFKA_MEDIA_EVENTS_TOPIC = env.text("KAFKA_MEDIA_EVENTS_TOPIC") or env.text("KAFKA_EVENTS_TOPIC")
KAFKA_MESSAGE_EVENTS_TOPIC = env.text("KAFKA_MESSAGE_EVENTS_TOPIC")

# The mail server; one that says nothing for so many seconds counts as away.
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25, least=1, most=65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", 10, least=1)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "nova@localhost")

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": own["REDIS_URL"]}}

CELERY_BROKER_URL = own["REDIS_URL"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# Nova's own views have these whatever is said here; a view that a project adds is not open by oversight either.
REST_FRAMEWORK = API_DEFAULTS | {"UNAUTHENTICATED_USER": None}
DATA_UPLOAD_MAX_MEMORY_SIZE = NovaConf().max_body_bytes
SPECTACULAR_SETTINGS = {
    "TITLE": "Nova",
    "DESCRIPTION": "Append events, read streams and the log, query read models, operate.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Its own ones name the choices of serializers, of which there are none here.
    "POSTPROCESSING_HOOKS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING_CONFIG = "nova.telemetry.configure_logging"
LOGGING = {
    "level": env.choice("LOG_LEVEL", *env.LOG_LEVELS, default="INFO").upper(),
    "format": env.choice("LOG_FORMAT", "json", "console"),
}
