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

# Nova's own services, each a Django app below nova/services/.
SERVICES = (
    *("identity", "content", "social", "media", "messages", "orders"),
    *("feed", "search", "analytics"),
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
    "django_prometheus",
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
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nova.telemetry.CorrelationMiddleware",
    "nova.health.probes.ProbesMiddleware",
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

# The service that this process speaks for: it is the `source_service` of events appended here.
NOVA_SERVICE = env.text("NOVA_SERVICE", "nova")
# Whether REST accepts events of types that no code registers (imports always may).
NOVA_ACCEPT_UNREGISTERED_EVENTS = env.flag("NOVA_ACCEPT_UNREGISTERED_EVENTS")
# Whether REST refuses appends that name no expected version.
NOVA_REQUIRE_EXPECTED_VERSION = env.flag("NOVA_REQUIRE_EXPECTED_VERSION")
# Most bytes of an event's payload and metadata, and most events of an append.
NOVA_MAX_EVENT_BYTES = env.number("NOVA_MAX_EVENT_BYTES", 900_000)
NOVA_MAX_APPEND_EVENTS = env.number("NOVA_MAX_APPEND_EVENTS", 1_000)
# Payloads of more bytes of JSON are stored compressed; 0 for never. Above 2 KB PostgreSQL would compress them itself,
# more slowly and less; below, compressing costs more than it saves.
NOVA_COMPRESS_ABOVE = env.number("NOVA_COMPRESS_ABOVE", 4_096)
# Event types that need not be named in the past tense; of Nova's own, the shortage that is what happened.
NOVA_EVENT_NAME_EXCEPTIONS = ["inventory.insufficient", *env.words("NOVA_EVENT_NAME_EXCEPTIONS")]
# A snapshot of an aggregate is taken after so many events since the last one.
NOVA_SNAPSHOT_EVERY = env.number("NOVA_SNAPSHOT_EVERY", 100)
# A batch writer collects so many events, for so many seconds, before it writes them in one statement.
NOVA_BATCH_EVENTS = env.number("NOVA_BATCH_EVENTS", 1_000)
NOVA_BATCH_DELAY = env.fraction("NOVA_BATCH_DELAY", 0.1)
# Streams that are loaded often: so many of their events (0 for none), and of their bytes, a process keeps, and for so
# many seconds Redis does.
NOVA_STREAM_CACHE_EVENTS = env.number("NOVA_STREAM_CACHE_EVENTS", 100_000)
NOVA_STREAM_CACHE_BYTES = env.number("NOVA_STREAM_CACHE_BYTES", 64 * 1024 * 1024)
NOVA_STREAM_CACHE_TTL = env.number("NOVA_STREAM_CACHE_TTL", 300)
# How much there is of products that are counted: product=number, comma-separated.
NOVA_ORDER_STOCK = env.numbers("NOVA_ORDER_STOCK")
# Mail addresses that are told of new orders.
NOVA_ORDER_RECIPIENTS = env.words("NOVA_ORDER_RECIPIENTS")
# The mail server; one that says nothing for so many seconds counts as away.
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", 10)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "nova@localhost")

# Which broker events travel by: kafka, rabbitmq, or memory for one process.
NOVA_BUS = env.text("NOVA_BUS", "kafka")
# How messages are written; both are understood: nova, or cloudevents (binary mode).
NOVA_MESSAGE_FORMAT = env.text("NOVA_MESSAGE_FORMAT", "nova")
RABBITMQ_URL = env.text("RABBITMQ_URL")
RABBITMQ_SSL_CA_LOCATION = env.text("RABBITMQ_SSL_CA_LOCATION")
RABBITMQ_PARTITIONS = env.number("RABBITMQ_PARTITIONS", 6)
KAFKA_BROKERS = env.text("KAFKA_BROKERS")
KAFKA_SECURITY_PROTOCOL = env.text("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
KAFKA_SASL_MECHANISM = env.text("KAFKA_SASL_MECHANISM")
KAFKA_SASL_USERNAME = env.text("KAFKA_SASL_USERNAME")
KAFKA_SASL_PASSWORD = env.text("KAFKA_SASL_PASSWORD")
KAFKA_SSL_CA_LOCATION = env.text("KAFKA_SSL_CA_LOCATION")
KAFKA_SSL_CERTIFICATE_LOCATION = env.text("KAFKA_SSL_CERTIFICATE_LOCATION")
KAFKA_SSL_KEY_LOCATION = env.text("KAFKA_SSL_KEY_LOCATION")
KAFKA_SSL_KEY_PASSWORD = env.text("KAFKA_SSL_KEY_PASSWORD")
# topic=number, comma-separated, where a topic is to have another number of partitions than usual.
KAFKA_TOPIC_PARTITIONS = env.numbers("KAFKA_TOPIC_PARTITIONS")
KAFKA_TOPIC_PREFIX = env.text("KAFKA_TOPIC_PREFIX", "nova")
KAFKA_IDENTITY_EVENTS_TOPIC = env.text("KAFKA_IDENTITY_EVENTS_TOPIC", "nova.identity.events")
KAFKA_MEDIA_EVENTS_TOPIC = env.text("KAFKA_MEDIA_EVENTS_TOPIC") or env.text("KAFKA_EVENTS_TOPIC", "nova.media.events")
KAFKA_MESSAGE_EVENTS_TOPIC = env.text("KAFKA_MESSAGE_EVENTS_TOPIC", "nova.message.events")
# Take the place of a consumer group's own name and topics, for a worker that hosts one group.
KAFKA_GROUP_ID = env.text("KAFKA_GROUP_ID")
KAFKA_TOPICS = env.words("KAFKA_TOPICS")
NOVA_RELAY_BATCH = env.number("NOVA_RELAY_BATCH", 2_000)
NOVA_RELAY_MAX_RETRIES = env.number("NOVA_RELAY_MAX_RETRIES", 8)
# Exceptions by topic, such as {"nova.media.events": {"max_retries": 2, "dead_row": "lets_its_key_go_on"}}.
NOVA_RELAY_POLICIES = env.document("NOVA_RELAY_POLICIES")
NOVA_CONSUMER_BATCH = env.number("NOVA_CONSUMER_BATCH", 500)
NOVA_CONSUMER_ATTEMPTS = env.number("NOVA_CONSUMER_ATTEMPTS", 3)
# Partitions that one consumer works off beside each other, each with a database connection.
NOVA_CONSUMER_LANES = env.number("NOVA_CONSUMER_LANES", 6)
# Seconds without progress before a consumer counts as stalled; after twice as many it is started again.
NOVA_CONSUMER_STALL = env.number("NOVA_CONSUMER_STALL", 60)
# Topics, or patterns that begin with ^, on which a dead letter holds back the later messages of its key.
NOVA_BLOCKING_TOPICS = env.words("NOVA_BLOCKING_TOPICS")
# Days.
OUTBOX_RETENTION = env.number("OUTBOX_RETENTION", 7)
# How long consumers remember what they have handled; longer than the broker keeps messages, which is said below.
NOVA_INBOX_RETENTION_DAYS = env.number("NOVA_INBOX_RETENTION_DAYS", 14)
NOVA_TOPIC_RETENTION_DAYS = env.number("NOVA_TOPIC_RETENTION_DAYS", 7)
# Where dead letters are copied to; `off` for nowhere.
NOVA_DEAD_LETTER_TOPIC = env.text("NOVA_DEAD_LETTER_TOPIC", f"{KAFKA_TOPIC_PREFIX}.dead-letters")
NOVA_DEAD_LETTER_TOPIC = "" if NOVA_DEAD_LETTER_TOPIC == "off" else NOVA_DEAD_LETTER_TOPIC
# Most dead letters that one operation retries in a second, unless it says otherwise.
NOVA_DEAD_LETTER_RETRY_RATE = env.fraction("NOVA_DEAD_LETTER_RETRY_RATE", 50.0)

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

# Most requests of one token in a second, minute, hour or day; for how many seconds (at most 5) a process trusts what it
# knows of a token.
NOVA_API_RATE = env.text("NOVA_API_RATE", "600/s")
NOVA_API_TOKEN_CACHE_SECONDS = env.fraction("NOVA_API_TOKEN_CACHE_SECONDS", 3.0)
# Most events of one projection's transaction, and seconds between two looks when hints are lost.
NOVA_PROJECTION_BATCH_SIZE = env.number("NOVA_PROJECTION_BATCH_SIZE", 1_000)
NOVA_PROJECTION_POLL_LONGEST = env.fraction("NOVA_PROJECTION_POLL_LONGEST", 0.5)
# A feed's most posts, the seconds that Redis keeps it, and the seconds that it may take to answer.
NOVA_FEED_LENGTH = env.number("NOVA_FEED_LENGTH", 1_000)
NOVA_FEED_LIFETIME = env.number("NOVA_FEED_LIFETIME", 3_600)
NOVA_FEED_REDIS_TIMEOUT = env.fraction("NOVA_FEED_REDIS_TIMEOUT", 0.5)

# What must have given a sign of life before /health/ready says so: loops by name, `all`, or empty for none; and the
# runners that workers host here.
NOVA_READY_PROCESSES = env.words("NOVA_READY_PROCESSES", "all")
NOVA_READY_RUNNERS = env.words("NOVA_READY_RUNNERS", "projections")
# Where relay and workers show their counters to Prometheus. 0: nowhere. The port is for the inside.
NOVA_METRICS_PORT = env.number("NOVA_METRICS_PORT", 0)
NOVA_METRICS_HOST = env.text("NOVA_METRICS_HOST", "127.0.0.1")

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
    # Its own ones name the choices of serializers, of which there are none here.
    "POSTPROCESSING_HOOKS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING_CONFIG = "nova.telemetry.configure_logging"
LOGGING = {"level": env.text("LOG_LEVEL", "INFO"), "format": env.text("LOG_FORMAT")}
