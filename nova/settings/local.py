"""Local settings: Nova on one machine, with the services that `manage.py up` has started, or those of the environment.

While `up` runs, its `services.json` in the data directory tells every other command where its services are. They are
also what a command line has that names no settings, so no program serves with them unless somebody said what to serve
with (`nova.E004`).
"""

import secrets

from nova.local.services import running_services
from nova.settings import environment as env
from nova.settings.base import *  # noqa: F403

services = running_services()

# Rather one that ends with the process than one that anybody can read; `up` gives its programs one to share.
SECRET_KEY = env.text("SECRET_KEY") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DATABASE_URL = env.text("DATABASE_URL") or (services.database_url if services else "postgresql://nova@127.0.0.1/nova")
REDIS_URL = env.text("REDIS_URL") or (services.redis_url if services else "redis://127.0.0.1:6379/0")
KAFKA_BROKERS = env.text("KAFKA_BROKERS") or (services.kafka_brokers if services else "127.0.0.1:9092")
LOCAL_SERVICES_ARE_KNOWN = services is not None or bool(env.text("DATABASE_URL") and env.text("REDIS_URL"))

DATABASES = env.databases(
    DATABASE_URL,
    env.urls("DATABASE_REPLICA_URLS"),
    pool_size=env.number("DATABASE_POOL_SIZE", 8, least=0),
)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
