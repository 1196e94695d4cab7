"""Settings of the benchmarks' web server: Nova as in production, with a bare view beside it."""

from nova.settings import environment as env
from nova.settings.test import *  # noqa: F403

# Each request runs in a thread of its own: without a pool, what is measured is connecting.
DATABASES = {"default": env.database(env.text("DATABASE_URL"), pool_size=8)}
ROOT_URLCONF = "benchmarks.urls"
# A benchmark calls as fast as it can.
NOVA_API_RATE = "1000000/s"
