"""What is the same wherever Nova runs? Everything that differs is read from the environment."""

from pathlib import Path

from nova.settings import environment as env
from nova.settings.admin import UNFOLD  # noqa: F401 - a setting

BASE_DIR = Path(__file__).resolve().parent.parent.parent
TEMPLATES_DIR = BASE_DIR / "templates"
if not TEMPLATES_DIR.is_dir():  # installed from a wheel, which carries the templates inside the package
    TEMPLATES_DIR = BASE_DIR / "nova" / "templates"

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_prometheus",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "events.apps.EventsConfig",
    "outbox.apps.OutboxConfig",
    "sagas.apps.SagasConfig",
    "projections.apps.ProjectionsConfig",
    # Last, because it connects the others when they are loaded.
    "nova.apps.NovaConfig",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nova.telemetry.CorrelationMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

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

# The service that this process speaks for: it is the `source_service` of events appended here.
NOVA_SERVICE = env.text("NOVA_SERVICE", "nova")
# Whether REST accepts events of types that no code registers (imports always may).
NOVA_ACCEPT_UNREGISTERED_EVENTS = env.flag("NOVA_ACCEPT_UNREGISTERED_EVENTS")
# Whether REST refuses appends that name no expected version.
NOVA_REQUIRE_EXPECTED_VERSION = env.flag("NOVA_REQUIRE_EXPECTED_VERSION")
# Payloads of more bytes of JSON are stored compressed; 0 for never. Above 2 KB PostgreSQL would compress them itself,
# more slowly and less; below, compressing costs more than it saves.
NOVA_COMPRESS_ABOVE = env.number("NOVA_COMPRESS_ABOVE", 4_096)
# Event types that need not be named in the past tense; of Nova's own, the shortage that is what happened.
NOVA_EVENT_NAME_EXCEPTIONS = ["inventory.insufficient", *env.words("NOVA_EVENT_NAME_EXCEPTIONS")]
# A snapshot of an aggregate is taken after so many events since the last one.
NOVA_SNAPSHOT_EVERY = env.number("NOVA_SNAPSHOT_EVERY", 100)
# Mail addresses that are told of new orders.
NOVA_ORDER_RECIPIENTS = env.words("NOVA_ORDER_RECIPIENTS")

KAFKA_BROKERS = env.text("KAFKA_BROKERS")
KAFKA_TOPIC_PREFIX = env.text("KAFKA_TOPIC_PREFIX", "nova")
KAFKA_IDENTITY_EVENTS_TOPIC = env.text("KAFKA_IDENTITY_EVENTS_TOPIC", "nova.identity.events")
KAFKA_MEDIA_EVENTS_TOPIC = env.text("KAFKA_MEDIA_EVENTS_TOPIC") or env.text("KAFKA_EVENTS_TOPIC", "nova.media.events")
KAFKA_MESSAGE_EVENTS_TOPIC = env.text("KAFKA_MESSAGE_EVENTS_TOPIC", "nova.message.events")
# Take the place of a consumer group's own name and topics, for a worker that hosts one group.
KAFKA_GROUP_ID = env.text("KAFKA_GROUP_ID")
KAFKA_TOPICS = env.words("KAFKA_TOPICS")
NOVA_RELAY_BATCH = env.number("NOVA_RELAY_BATCH", 2_000)
NOVA_RELAY_MAX_RETRIES = env.number("NOVA_RELAY_MAX_RETRIES", 8)
NOVA_CONSUMER_BATCH = env.number("NOVA_CONSUMER_BATCH", 500)
NOVA_CONSUMER_ATTEMPTS = env.number("NOVA_CONSUMER_ATTEMPTS", 3)
# Partitions that one consumer works off beside each other, each with a database connection.
NOVA_CONSUMER_LANES = env.number("NOVA_CONSUMER_LANES", 6)
# Seconds without progress before a consumer counts as stalled; after twice as many it is started again.
NOVA_CONSUMER_STALL = env.number("NOVA_CONSUMER_STALL", 60)
# Topics, or patterns that begin with ^, on which a dead letter holds back the later messages of its key.
NOVA_BLOCKING_TOPICS = env.words("NOVA_BLOCKING_TOPICS")
NOVA_OUTBOX_RETENTION_DAYS = env.number("NOVA_OUTBOX_RETENTION_DAYS", 7)

REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Beat never trusts a hint: what it starts looks at the rows. Seconds.
NOVA_BEAT_INTERVAL = env.number("NOVA_BEAT_INTERVAL", 4)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["nova.rest.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["nova.rest.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["nova.rest.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["nova.rest.json.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["nova.rest.throttling.TokenThrottle"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nova.rest.negotiation.ContentNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "nova.rest.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
SPECTACULAR_SETTINGS = {
    "TITLE": "Nova",
    "DESCRIPTION": "Append events, read streams and the log, query read models, operate.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING_CONFIG = "nova.telemetry.configure_logging"
LOGGING = {"level": env.text("LOG_LEVEL", "INFO"), "format": env.text("LOG_FORMAT")}
