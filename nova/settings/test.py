"""Test settings: real servers that the suite starts itself; see `tests/conftest.py`."""

from nova.settings import environment as env
from nova.settings.base import *  # noqa: F403

SECRET_KEY = "only-for-tests"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DATABASES = {"default": env.database(env.text("DATABASE_URL", "postgresql://nova@127.0.0.1/nova"), pool_size=0)}
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
KAFKA_BROKERS = env.text("KAFKA_BROKERS", "127.0.0.1:9092")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
