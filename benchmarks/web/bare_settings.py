"""Settings of the raw side over HTTP: Django with one view and nothing else; each thread keeps its connection."""

from nova.settings import environment as env

SECRET_KEY = "only-for-benchmarks"  # noqa: S105 - it protects nothing
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchmarks.web.bare_view"
DATABASES = {"default": env.database(env.text("DATABASE_URL"), pool_size=0) | {"CONN_HEALTH_CHECKS": False}}
USE_TZ = True
