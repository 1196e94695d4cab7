"""Production settings: nothing has a default that would be unsafe, and what is missing is an error at start."""

from django.core.exceptions import ImproperlyConfigured

from nova.health.probes import ROUTES
from nova.settings import environment as env
from nova.settings.base import *  # noqa: F403

if own["NOVA_BUS"] == "memory":  # noqa: F405 - as the apps declare it
    raise ImproperlyConfigured("NOVA_BUS must be kafka or rabbitmq in production: memory is within one process.")
BROKER = "RABBITMQ_URL" if own["NOVA_BUS"] == "rabbitmq" else "KAFKA_BROKERS"  # noqa: F405
for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", BROKER):
    if not env.text(name):
        raise ImproperlyConfigured(f"{name} must be set in production.")

# Messages hold personal data: only who says so sends them unencrypted.
NOVA_REFUSE_PLAINTEXT_BROKER = not env.flag("NOVA_ALLOW_PLAINTEXT_BROKER")

DATABASES = env.databases(
    env.text("DATABASE_URL"),
    env.urls("DATABASE_REPLICA_URLS"),
    pool_size=env.number("DATABASE_POOL_SIZE", 8, least=0),
)

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
# Asked from inside, where no proxy is: by Prometheus and by whoever watches over the process.
SECURE_REDIRECT_EXEMPT = [rf"^{route}$" for route in ROUTES]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000, least=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
